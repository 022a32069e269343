import assert from "node:assert/strict";
import { Code } from "@msec/rpc";
import { goodCalls } from "../good-calls.ts";
import { patience } from "../patience.ts";
import { Peer } from "../peer.ts";
import type { HostileRow } from "../row.ts";
import { field, frame, head, methodName, request } from "../srpc-bytes.ts";
import type { TargetProcess } from "../target/target-process.ts";

const path = `/?methodName=${methodName("Grow")}`;

async function many(count: number, target: TargetProcess): Promise<Peer[]> {
  return await Promise.all(Array.from({ length: count }, () => Peer.open(target.port)));
}

async function untilState(
  target: TargetProcess,
  holds: (state: Awaited<ReturnType<TargetProcess["state"]>>) => boolean,
  what: string,
): Promise<void> {
  const deadline = performance.now() + 5_000 * patience;
  for (;;) {
    const state = await target.state();
    if (holds(state)) {
      return;
    }
    assert.ok(performance.now() < deadline, `${what}: ${JSON.stringify(state)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Connections that do not read what they asked for are closed, and others are served meanwhile. */
async function slowReaders(target: TargetProcess, count: number, ask: () => Uint8Array | string): Promise<void> {
  const peers = await many(count, target);
  try {
    for (const peer of peers) {
      peer.socket.pause();
      peer.send(ask());
    }
    await goodCalls(target.port, 50);
    // A paused socket does not tell of its end: read again once the target has had its time.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    for (const peer of peers) {
      peer.socket.resume();
    }
    for (const peer of peers) {
      await peer.until(() => peer.closed, "a reader that stalls is closed", 3_000);
    }
  } finally {
    for (const peer of peers) {
      peer[Symbol.dispose]();
    }
  }
}

/** Many calls, many connections, ends and resets at bad moments. */
export const abuseRows: readonly HostileRow[] = [
  {
    id: "R-10a",
    title: "3,900 calls started, then a reset: every handler hears of it",
    act: async (target) => {
      const before = (await target.state()).canceled;
      const peer = await Peer.open(target.port);
      peer.send(Buffer.concat(Array.from({ length: 3_900 }, (_, i) => request(i + 1, methodName("Hold")))));
      await untilState(target, ({ entered }) => entered >= 3_900, "handlers entered");
      peer.reset();
      await untilState(target, ({ canceled }) => canceled - before === 3_900, "handlers cancelled");
    },
  },
  {
    id: "R-10b",
    only: "default",
    title: "5,000 calls at once on one connection: 4,096 run, the rest is refused",
    act: async (target) => {
      using peer = await Peer.open(target.port);
      peer.send(Buffer.concat(Array.from({ length: 5_000 }, (_, i) => request(i + 1, methodName("Hold")))));
      await peer.until(() => peer.answers.length === 904, "904 refusals", 3_000);
      assert.ok(peer.answers.every(({ code }) => code === Code.ResourceExhausted));
    },
  },
  {
    id: "R-10c",
    only: "default",
    title: "calls started and reset 300 times over",
    act: async (target) => {
      for (let i = 0; i < 300; i++) {
        const peer = await Peer.open(target.port);
        peer.send(Buffer.concat([request(1), request(2, methodName("Hold")), request(3).subarray(0, 20)]));
        if (i % 3 > 0) {
          await peer.until(() => peer.received.length > 0, "an answer", 1_000);
        }
        peer.reset();
      }
    },
  },
  {
    id: "R-10d",
    only: "default",
    title: "half of a frame, then a reset, on 200 connections",
    act: async (target) => {
      const peers = await many(200, target);
      const half = request(1, methodName("Echo"), field(1, Buffer.alloc(500_000))).subarray(0, 250_000);
      for (const peer of peers) {
        peer.send(half);
      }
      await goodCalls(target.port, 20);
      for (const peer of peers) {
        peer.reset();
      }
    },
  },
  {
    id: "R-10h",
    only: "default",
    title: "100 calls with one sequence: each runs, each hears of the end",
    act: async (target) => {
      const before = await target.state();
      const peer = await Peer.open(target.port);
      peer.send(Buffer.concat(Array.from({ length: 100 }, () => request(5, methodName("Hold")))));
      await untilState(target, ({ entered }) => entered - before.entered === 100, "handlers entered");
      peer.send(frame(Buffer.concat([field(10, 5), field(51, ""), field(107, 1)])));
      peer.reset();
      // At least: handlers of the rows before may hear of their end only now.
      await untilState(target, ({ canceled }) => canceled - before.canceled >= 100, "handlers cancelled");
    },
  },
  {
    id: "R-10i",
    only: "default",
    title: "100,000 times giving up what does not run: ignored, unanswered",
    act: async (target) => {
      using peer = await Peer.open(target.port);
      const cancel = frame(Buffer.concat([field(10, 77), field(51, ""), field(107, 1)]));
      peer.send(Buffer.concat([...Array.from({ length: 100_000 }, () => cancel), request(1)]));
      await peer.until(() => peer.answers.length > 0, "the call behind them", 3_000);
      assert.deepEqual(
        peer.answers.map(({ sequence }) => sequence),
        [1],
      );
    },
  },
  {
    id: "R-11a",
    title: "requests, then the end of the peer's side: answered, then closed",
    sends: () => Buffer.concat([request(1), request(2)]),
    ends: true,
    expects: { codes: [Code.Ok, Code.Ok], closes: true, entered: 2 },
  },
  {
    id: "R-11b",
    title: "the end of the peer's side while a handler never ends: cancelled after a second",
    act: async (target) => {
      const before = (await target.state()).canceled;
      using peer = await Peer.open(target.port);
      peer.send(request(1, methodName("Hold")));
      peer.socket.end();
      await untilState(target, ({ canceled }) => canceled > before, "cancelled");
      await peer.until(() => peer.closed, "closed", 1_000);
    },
  },
  {
    id: "R-12d",
    title: "300 slow senders in SRPC and HTTP: closed in time, a good peer's calls stay quick",
    only: "tight",
    act: async (target) => {
      const peers = await many(300, target);
      const starts = [request(1).subarray(0, 30), Buffer.from(`POST ${path} HTTP/1.1\r\nhost: x\r\n`)];
      for (const [index, peer] of peers.entries()) {
        peer.send(starts[index % 2]!);
      }
      await goodCalls(target.port, 100);
      for (const peer of peers) {
        await peer.until(() => peer.closed, "a slow sender is closed", 4_000);
      }
    },
  },
  {
    id: "R-12e",
    isHeavy: true,
    title: "15 peers that ask for three times 4 MB each in SRPC and never read: closed, bounded in all",
    only: "tight",
    act: (target) =>
      slowReaders(target, 15, () => {
        const ask = request(1, methodName("Grow"), field(3, 4_000_000));
        return Buffer.concat([ask, ask, ask]);
      }),
  },
  {
    id: "R-12f",
    isHeavy: true,
    only: "tight",
    title: "one peer that asks 4,000 times for 1 MB and never reads",
    act: async (target) => {
      using peer = await Peer.open(target.port);
      peer.socket.pause();
      const ask = (i: number) => request(i + 1, methodName("Grow"), field(3, 1_000_000));
      peer.send(Buffer.concat(Array.from({ length: 4_000 }, (_, i) => ask(i))));
      // Closed at unsent.maxBytes, or no longer read from before so much was asked: either way others are served and memory is bounded.
      await goodCalls(target.port, 50);
    },
  },
  {
    id: "R-12g",
    isHeavy: true,
    title: "a peer that asks fourteen times for 1 MB over HTTP and never reads: closed",
    only: "tight",
    act: (target) =>
      slowReaders(target, 1, () =>
        `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 18\r\n\r\n{"number":1000000}`.repeat(14),
      ),
  },
  {
    id: "R-12h",
    only: "default",
    title: "30,000 calls of an unknown method, answers unread: back-pressure, not memory",
    act: async (target) => {
      const { rss: before } = await target.state();
      using peer = await Peer.open(target.port);
      peer.socket.pause();
      const bad = Buffer.concat(Array.from({ length: 1_000 }, (_, i) => request(i + 1, "no.such.Method")));
      for (let i = 0; i < 30; i++) {
        peer.send(bad);
      }
      await goodCalls(target.port, 50);
      const { rss } = await target.state();
      assert.ok(rss < before + 64 * 1024 * 1024, `${rss - before} bytes more`);
    },
  },
  {
    id: "R-12i",
    title: "1,000 connections are taken, the next are closed on arrival, and then there is room again",
    only: "tight",
    act: async (target) => {
      const peers = await many(1_100, target);
      await untilState(target, () => peers.filter(({ closed }) => closed).length >= 100, "100 closed");
      for (const peer of peers) {
        peer[Symbol.dispose]();
      }
      // Ends of a thousand connections take a moment to arrive.
      await untilState(target, () => true, "alive");
      await new Promise((resolve) => setTimeout(resolve, 200));
    },
  },
  {
    id: "R-12j",
    title: "500 connections that announce 4 MB each and send nothing of it",
    only: "tight",
    act: async (target) => {
      const { rss: before } = await target.state();
      const peers = await many(500, target);
      const good = head(1);
      const start = Buffer.alloc(9);
      start[0] = 0x28;
      start.writeUInt32BE(good.length, 1);
      start.writeUInt32BE(4_000_000, 5);
      for (const peer of peers) {
        peer.send(Buffer.concat([start, good]));
      }
      const { rss } = await target.state();
      assert.ok(rss < before + 64 * 1024 * 1024, "memory follows what has come, not what is announced");
      for (const peer of peers) {
        await peer.until(() => peer.closed, "closed", 4_000);
      }
    },
  },
];
