import assert from "node:assert/strict";
import { test } from "node:test";
import { batchOf } from "../fixture/batches.ts";
import { assertToken, encodeEnvelopes } from "./ingest.ts";

const nowMs = 1_800_000_000_000;
const identity = { host: "h", service: "A.b", instance: "i" };

test("writes a log line as a block of columns", () => {
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
  const hex = Buffer.concat(tables.log.parts()[0]!).toString("hex");
  const hexOf = (text: string) => Buffer.from(text).toString("hex");
  const long = (value: bigint | number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return bytes.toString("hex");
  };
  const named = (name: string, type: string) =>
    [name, type].map((text) => Buffer.from([text.length]).toString("hex") + hexOf(text)).join("");
  const key = (name: string, value: string) =>
    `${named(name, "LowCardinality(String)") + long(1) + long(0x600) + long(2)}00${Buffer.from([value.length]).toString("hex")}${hexOf(value)}${long(1)}01`;
  assert.ok(hex.startsWith(`1101${named("time", "DateTime64(6, 'UTC')")}${long(nowMs * 1_000)}`), "17 columns, 1 row");
  const parts = [
    named("trace_high", "UInt64") + long(1),
    named("flow_id", "UInt64") + long(2),
    named("span_id", "UInt64") + long(3),
    `${named("level", "UInt8")}11`,
    `${named("dyed", "UInt8")}01`,
    key("host", "h"),
    key("service", "A.b"),
    key("instance", "i"),
    key("method", "flight.flight_service.queryFlight"),
    key("caller", "C.d"),
    key("source", "x.ts:1"),
    `${named("text", "String")}02${hexOf("no")}`,
    // As the engine itself writes a map: SELECT … FORMAT Native.
    `${named("fields", "Map(LowCardinality(String), String)")}${long(1)}${long(1)}${long(0x600)}${long(2)}0001${hexOf("k")}${long(1)}0101${hexOf("v")}`,
    named("arrived", "DateTime64(3, 'UTC')") + long(nowMs),
  ];
  for (const part of parts) assert.ok(hex.includes(part), Buffer.from(part, "hex").toString("latin1"));
});

test("cuts lines into parts of whole rows, and takes texts of any length and script", () => {
  const texts = ["", "x".repeat(127), "x".repeat(128), "é".repeat(100), "数".repeat(6_000), "x".repeat(40_000)];
  const rows = Array.from({ length: 1_200 }, (_, i) => ({ timeUs: nowMs * 1_000, text: texts[i % texts.length]! }));
  const { tables } = encodeEnvelopes([{ identity, batch: batchOf({ logs: rows }) }], { nowMs });
  const parts = tables.log.parts().map((pieces) => Buffer.concat(pieces));
  assert.ok(parts.length > 0);
  const expected = texts.map((text) => Buffer.byteLength(text.slice(0, 32_768))).reduce((sum, bytes) => sum + bytes, 0);
  const found = parts.reduce((sum, part) => sum + part.length, 0);
  assert.ok(
    found > (expected * rows.length) / texts.length && found < (expected * rows.length) / texts.length + 150_000,
  );
  for (const text of texts) {
    const kept = Buffer.from(text.slice(0, 32_768));
    const length =
      kept.length < 128
        ? [kept.length]
        : kept.length < 16_384
          ? [(kept.length & 0x7f) | 0x80, kept.length >> 7]
          : [(kept.length & 0x7f) | 0x80, ((kept.length >> 7) & 0x7f) | 0x80, kept.length >> 14];
    assert.ok(parts[0]!.includes(Buffer.concat([Buffer.from(length), kept])));
  }
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
