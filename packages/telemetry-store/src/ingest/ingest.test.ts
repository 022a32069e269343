import assert from "node:assert/strict";
import { test } from "node:test";
import { batchOf } from "../fixture/batches.ts";
import { assertToken, encodeEnvelopes } from "./ingest.ts";

const nowMs = 1_800_000_000_000;
const identity = { host: "h", service: "A.b", instance: "i" };

test("writes a log row in the order of the table's columns", () => {
  const batch = batchOf({
    logs: [
      {
        timeUs: nowMs * 1_000 + 0.5,
        traceId: "00000000000000010000000000000002",
        spanId: "0000000000000003",
        level: 17,
        text: "no",
        fields: { k: "v" },
        caller: "C.d",
        source: "x.ts:1",
        dyed: true,
      },
    ],
  });
  const { tables } = encodeEnvelopes([{ identity, batch }], { nowMs });
  const head = Buffer.alloc(32);
  head.writeBigInt64LE(BigInt(nowMs) * 1_000n, 0);
  head.writeBigUInt64LE(1n, 8);
  head.writeBigUInt64LE(2n, 16);
  head.writeBigUInt64LE(3n, 24);
  const method = "flight.flight_service.queryFlight";
  const rest = `\x01h\x03A.b\x01i\x11${String.fromCharCode(method.length)}${method}\x02no\x01\x01k\x01v\x03C.d\x00\x06x.ts:1\x00\x01`;
  const arrived = Buffer.alloc(8);
  arrived.writeBigInt64LE(BigInt(nowMs));
  assert.equal(tables.log.bytes().toString("latin1"), head.toString("latin1") + rest + arrived.toString("latin1"));
});

test("writes a call under the names of caller and callee, whichever side counted it", () => {
  const call = (side: number) => {
    const batch = batchOf({ calls: [{ timeS: nowMs / 1_000, side, peerService: "C.d", peerInstance: "p" }] });
    return encodeEnvelopes([{ identity, batch }], { nowMs }).tables.call.bytes().toString("latin1", 5);
  };
  assert.ok(call(1).startsWith("\x03A.b\x01i\x03C.d\x01p\x01h"));
  assert.ok(call(2).startsWith("\x03C.d\x01p\x03A.b\x01i\x01h"));
});

test("leaves out rows of times that the store would not keep, and counts them", () => {
  const dayUs = 86_400e6;
  const times = [-8 * dayUs, -6.9 * dayUs, 0, 0.9 * 3_600e6, 1.1 * 3_600e6, Number.NaN, Number.NEGATIVE_INFINITY];
  const startUs = times.map((time) => ({ startUs: nowMs * 1_000 + time }));
  const timeS = [-31 * 86_400, -29 * 86_400, 7_200].map((time) => ({ timeS: nowMs / 1_000 + time }));
  const values = [1, Number.NaN, Number.POSITIVE_INFINITY].map((value) => ({ timeS: nowMs / 1_000, value }));
  const batch = batchOf({ spans: startUs, calls: timeS, samples: values });
  const { rows, leftOut, rejected } = encodeEnvelopes([{ identity, batch }], { nowMs });
  assert.deepEqual(rows, { span: 3, call: 1, sample: 1, log: 0 });
  assert.equal(leftOut, 4 + 2 + 2);
  assert.deepEqual(rejected, []);
});

test("keeps a call's histogram with its row when the row before it is left out", () => {
  const timeS = nowMs / 1_000;
  const kept = batchOf({ calls: [{ timeS, durationsUs: [64] }] });
  const after = batchOf({
    calls: [
      { timeS: 1, durationsUs: [1, 2, 4_000] },
      { timeS, durationsUs: [64] },
    ],
  });
  const bytes = [kept, after].map((batch) => encodeEnvelopes([{ identity, batch }], { nowMs }).tables.call.bytes());
  assert.deepEqual(bytes[1], bytes[0]);
});

test("takes back all of an envelope whose rows outgrow the store", () => {
  // A few bytes for each row on the wire, kilobytes each in the store.
  const rows = 200_000;
  const zeros = new Array<number>(rows).fill(0);
  const spans = {
    ...Object.fromEntries(
      "durationUs peerServiceRef peerInstanceRef code requestBytes responseBytes deadlineMs queueUs"
        .split(" ")
        .map((column) => [column, zeros]),
    ),
    startUs: zeros.map(() => nowMs * 1_000),
    traceIds: new Uint8Array(16 * rows),
    spanIds: new Uint8Array(8 * rows),
    parentSpanIds: new Uint8Array(8 * rows),
    side: zeros.map(() => 1),
    methodRef: zeros.map(() => 1),
    messageRef: zeros.map(() => 1),
  };
  const bomb = { strings: ["", "x".repeat(10_000)], spans } as unknown as ReturnType<typeof batchOf>;
  const good = batchOf({ spans: [{ startUs: nowMs * 1_000 }] });
  const envelopes = [good, bomb, good].map((batch) => ({ identity, batch }));
  const { rows: stored, rejected } = encodeEnvelopes(envelopes, { nowMs });
  assert.equal(stored.span, 2);
  assert.deepEqual(
    rejected.map(({ index }) => index),
    [1],
  );
  assert.match(rejected[0]!.message, /take more than 268435456 bytes/);
});

test("rejects an envelope of nobody", () => {
  const batch = batchOf({ spans: [{ startUs: nowMs * 1_000 }] });
  const identities = [
    { ...identity, host: "" },
    { ...identity, service: "s".repeat(257) },
  ];
  const { rows, rejected } = encodeEnvelopes(
    identities.map((nobody) => ({ identity: nobody, batch })),
    { nowMs },
  );
  assert.equal(rows.span, 0);
  assert.deepEqual(
    rejected.map(({ message }) => message),
    ["host is empty", "service has 257 characters: at most 256"],
  );
});

test("takes tokens of visible characters only", () => {
  assertToken("0195d3a0-host/18446744073709551615");
  for (const token of ["", "a b", "a\n", "ü", "x".repeat(201)])
    assert.throws(() => assertToken(token), /^InvalidBatch: token/);
});
