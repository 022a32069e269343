import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import { Code } from "@msec/rpc";
import { goodCalls } from "./good-calls.ts";
import { patience } from "./patience.ts";
import { Peer } from "./peer.ts";
import type { Expected, HostileRow } from "./row.ts";
import { abuseRows } from "./rows/abuse-rows.ts";
import { grpcRows } from "./rows/grpc-rows.ts";
import { httpRows } from "./rows/http-rows.ts";
import { http2Rows } from "./rows/http2-rows.ts";
import { metadataRows } from "./rows/metadata-rows.ts";
import { sniffRows } from "./rows/sniff-rows.ts";
import { srpcRows } from "./rows/srpc-rows.ts";
import { udpRows } from "./rows/udp-rows.ts";
import { field, methodName, request } from "./srpc-bytes.ts";
import { TargetProcess } from "./target/target-process.ts";
import type { TargetState } from "./target/target-program.ts";

/**
 * Every row of hostile input against a real listener in a process of its own, and those that need no special limits against the
 * SDK's `serve` too. After each row: the process lives, wrote nothing (no unhandled rejection), answers a good request, never worked for a second without looking at its
 * sockets, has its memory back, and no prototype changed.
 */
const rows: readonly HostileRow[] = [
  ...srpcRows,
  ...metadataRows,
  ...sniffRows,
  ...httpRows,
  ...grpcRows,
  ...http2Rows,
  ...abuseRows,
  ...udpRows,
];
const maxBlockedMs = 1_000;
const heavyBytes = 336 * 1024 * 1024;
const maxGrowthBytes = 64 * 1024 * 1024;
const maxLiveGrowthBytes = 16 * 1024 * 1024;

test("every row has an id of its own", () => {
  assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
});

/** Rows wait for time-outs more than they work: several targets, each in a process of its own, with a part of the rows. */
const lanes = ["default", "tight", "service"] as const;

function isFor(variant: (typeof lanes)[number], { only }: HostileRow): boolean {
  return only === undefined ? variant !== "tight" : only === variant;
}

describe("hostile input", { concurrency: lanes.length }, () => {
  for (const variant of lanes) {
    describe(variant, { concurrency: 1 }, () => {
      let target: TargetProcess;
      let atFirst = 0;
      before(async () => {
        target = await TargetProcess.start(variant);
        await warmUp(target);
        atFirst = (await target.state()).liveBytes;
      });
      after(() => target[Symbol.asyncDispose]());
      for (const row of rows.filter((row) => isFor(variant, row))) {
        test(`${row.id} ${row.title}`, (context) => attempt(target, row, atFirst, context));
      }
    });
  }
});

async function attempt(
  target: TargetProcess,
  row: HostileRow,
  liveAtFirst: number,
  context: TestContext,
): Promise<void> {
  const { entered, rss } = await target.state();
  // What the rows before left to be done is not this one's.
  await target.takeBlockedMs();
  const outputBefore = target.output.length;
  await (row.act ? row.act(target) : send(target, row));
  const blockedMs = await target.takeBlockedMs();
  if (blockedMs > maxBlockedMs / 4) {
    context.diagnostic(`${row.id}: good peers were held up for ${Math.round(blockedMs)} ms of the processor's time`);
  }
  assert.ok(
    blockedMs < maxBlockedMs,
    `good peers were held up for ${Math.round(blockedMs)} ms of the processor's time`,
  );
  assert.ok(target.isAlive, `the process ended: ${target.output}`);
  await goodCalls(target.port, 1);
  const { polluted, entered: enteredSince } = await recovered(
    target,
    rss + (row.isHeavy ? heavyBytes : 0),
    liveAtFirst,
  );
  // That a service says when it sheds load is no fault: rows, and a busy machine, may well make it do so.
  assert.equal(target.output.slice(outputBefore).replace(/^.*"source":"admission.ts.*\n/gm, ""), "");
  assert.equal(polluted, false);
  if (row.expects) {
    // Two good calls of our own: the one above, and one on the same connection where that goes on in SRPC.
    const own = 1 + (row.expects.codes && !row.expects.closes ? 1 : 0);
    assert.equal(enteredSince - entered - own, row.expects.entered ?? 0, "handlers entered");
  }
}

async function send(target: TargetProcess, row: HostileRow): Promise<void> {
  using peer = await Peer.open(target.port);
  const withinMs = row.withinMs ?? 1_000;
  const expected = row.expects!;
  if (row.drips) {
    await drip(peer, row.drips.bytes(), row.drips.everyMs, expected);
  } else {
    peer.send(row.sends!());
  }
  if (row.ends) {
    peer.socket.end();
  }
  await expectations(peer, expected, withinMs);
  row.check?.(peer);
  if (expected.codes && !expected.closes) {
    await goOn(peer, expected.codes.length);
  }
  const text = peer.received.toString("latin1");
  assert.doesNotMatch(text, /\bat .*\.(ts|js):\d|node_modules|node:internal/, "a stack trace in the answer");
}

async function drip(peer: Peer, bytes: Uint8Array | string, everyMs: number, expected: Expected): Promise<void> {
  const all = Buffer.from(bytes as string);
  for (let i = 0; i < all.length && !peer.closed; i++) {
    peer.send(all.subarray(i, i + 1));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  assert.ok(expected.closes === peer.closed, "the target closed while bytes came in, or not");
}

async function expectations(peer: Peer, expected: Expected, withinMs: number): Promise<void> {
  const { codes, closes, matches } = expected;
  if (codes) {
    await peer.until(() => peer.answers.length >= codes.length, `${codes.length} answers`, withinMs);
  }
  if (matches) {
    await peer.until(() => matches.test(peer.received.toString("latin1")), String(matches), withinMs);
  }
  if (closes) {
    await peer.until(() => peer.closed, "closed", withinMs + 1_500);
  }
  if (codes) {
    assert.deepEqual(
      peer.answers.map(({ code }) => code),
      codes,
      peer.answers.map(({ message }) => message).join("; "),
    );
  }
  if (expected.err !== undefined) {
    assert.equal(peer.answers[0]!.err, expected.err);
  }
  if (expected.silence) {
    assert.equal(peer.received.length, 0, peer.received.toString("latin1"));
  }
  assert.equal(peer.closed, closes);
}

/** The connection is as good as before. */
async function goOn(peer: Peer, answered: number): Promise<void> {
  peer.send(request(4242));
  await peer.until(() => peer.answers.length > answered, "a good call on the same connection", 1_000);
  assert.equal(peer.answers.at(-1)!.sequence, 4242);
  assert.equal(peer.answers.at(-1)!.code, Code.Ok);
}

/**
 * The largest good requests, so that growth of the runtime itself (compiled code, heap once grown) is not taken for a row's. Through the port without the short
 * time-outs of `tight`, which a busy machine does not keep with so much to send.
 */
async function warmUp({ patientPort }: TargetProcess): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await largeCalls(patientPort);
  }
}

async function largeCalls(port: number): Promise<void> {
  using peer = await Peer.open(port);
  peer.send(request(1, methodName("Tell"), field(1, Buffer.alloc(4_000_000))));
  await peer.until(() => peer.answers.length > 0, "a large call", 5_000);
  using web = await Peer.open(port);
  const json = JSON.stringify({ children: Array.from({ length: 20_000 }, () => ({ text: "x".repeat(150) })) });
  web.send(
    `POST /?methodName=${methodName("Tell")} HTTP/1.1\r\nhost: x\r\ncontent-length: ${json.length}\r\n\r\n${json}`,
  );
  await web.until(() => web.received.includes("ret"), "a large call in JSON", 5_000);
}

/** Resident memory compares with before the row (allocators keep what they once had), live memory with the beginning: no leak adds up. */
async function recovered(target: TargetProcess, rssBefore: number, liveAtFirst: number): Promise<TargetState> {
  const deadline = performance.now() + 4_000 * patience;
  for (;;) {
    const state = await target.state();
    const { rss, liveBytes } = state;
    if (rss < rssBefore + maxGrowthBytes && liveBytes < liveAtFirst + maxLiveGrowthBytes) {
      return state;
    }
    const grown = [rss - rssBefore, liveBytes - liveAtFirst].map((bytes) => Math.round(bytes / 1048576));
    assert.ok(performance.now() < deadline, `resident ${grown[0]} MiB more, live ${grown[1]} MiB more`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
