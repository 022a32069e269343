import assert from "node:assert/strict";
import { goodGrpcCalls, untilServed } from "../good-calls.ts";
import { GrpcPeer } from "../grpc-peer.ts";
import {
  callHeaders,
  envelope,
  FrameFlag,
  FrameType,
  frame2,
  frames,
  goAways,
  headerBlock,
  openCall,
  preface,
  settings,
  word,
} from "../http2-bytes.ts";
import { patience } from "../patience.ts";
import { Peer } from "../peer.ts";
import type { HostileRow } from "../row.ts";
import { field } from "../srpc-bytes.ts";

const hello = Buffer.concat([preface, settings()]);
const many = (count: number, of: (index: number) => Uint8Array) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => of(index)));
const { EndHeaders, EndStream } = FrameFlag;

async function until(holds: () => boolean | Promise<boolean>, what: string, calmMs = 5_000): Promise<void> {
  const deadline = performance.now() + calmMs * patience;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Frames that break the protocol: GOAWAY with a reason, and the connection is closed. */
const broken = (id: string, title: string, bytes: () => Uint8Array, check?: (codes: number[]) => void): HostileRow => ({
  id,
  title: `HTTP/2: ${title}`,
  sends: () => Buffer.concat([hello, bytes()]),
  expects: { closes: true },
  check: (peer) => {
    const codes = goAways(peer.received);
    assert.notEqual(codes.length, 0, "GOAWAY");
    check?.(codes);
  },
});

/**
 * So much of the same that only its amount hurts. Whether it is borne or ends the connection is left to the one who serves HTTP/2; a good peer's calls stay quick, and memory
 * comes back, as after every row.
 */
const flood = (id: string, title: string, bytes: () => Uint8Array, options: { reads?: boolean } = {}): HostileRow => ({
  id,
  title: `HTTP/2: ${title}`,
  only: "default",
  act: async (target) => {
    const before = await target.state();
    using peer = await Peer.open(target.port);
    if (options.reads === false) {
      peer.socket.pause();
    }
    peer.send(Buffer.concat([hello, bytes()]));
    await goodGrpcCalls(target.port, 30);
    const { rss } = await target.state();
    assert.ok(rss < before.rss + 64 * 1024 * 1024, `${Math.round((rss - before.rss) / 2 ** 20)} MiB more`);
  },
});

/** Frames that are not as they must be. */
const protocolRows: HostileRow[] = [
  broken("R-30a", "DATA on the connection itself", () => frame2(FrameType.Data, 0, 0, Buffer.of(1))),
  broken("R-30b", "HEADERS on a stream of the server's", () => openCall(2)),
  broken("R-30c", "a reset of a stream that never was", () => frame2(FrameType.RstStream, 0, 7, word(8))),
  broken("R-30d", "a frame that says it is 16 MB long", () =>
    frame2(FrameType.Data, 0, 1, Buffer.alloc(100), 0xff_ffff),
  ),
  broken("R-30e", "more padding than there is payload", () =>
    Buffer.concat([openCall(1), frame2(FrameType.Data, FrameFlag.Padded, 1, Buffer.of(200, 1, 2))]),
  ),
  broken("R-30f", "a push from the client", () =>
    Buffer.concat([
      openCall(1),
      frame2(FrameType.PushPromise, EndHeaders, 1, Buffer.concat([word(2), headerBlock(callHeaders())])),
    ]),
  ),
  broken("R-30g", "SETTINGS of five bytes", () => frame2(FrameType.Settings, 0, 0, Buffer.alloc(5))),
  broken("R-30h", "an initial window of 2^32-1", () => settings([4, 0xffff_ffff])),
  broken("R-30i", "a largest frame of one byte", () => settings([5, 1])),
  broken("R-30j", "a window that passes 2^31-1", () => frame2(FrameType.WindowUpdate, 0, 0, word(0x7fff_ffff))),
  broken("R-30k", "a window that grows by nothing", () => frame2(FrameType.WindowUpdate, 0, 0, word(0))),
  broken("R-30l", "a PING of seven bytes", () => frame2(FrameType.Ping, 0, 0, Buffer.alloc(7))),
  broken("R-30m", "headers that are not HPACK", () => frame2(FrameType.Headers, EndHeaders, 1, Buffer.alloc(50, 0xff))),
  broken("R-30n", "an index that HPACK's table does not have", () =>
    frame2(FrameType.Headers, EndHeaders, 1, Buffer.of(0xff, 0x80, 0x01)),
  ),
  broken("R-30o", "another frame between HEADERS and its CONTINUATION", () =>
    Buffer.concat([openCall(1, "Echo", 0), frame2(FrameType.Ping, 0, 0, Buffer.alloc(8))]),
  ),
  broken("R-30p", "CONTINUATION of nothing", () =>
    frame2(FrameType.Continuation, EndHeaders, 1, headerBlock(callHeaders())),
  ),
  {
    id: "R-30r",
    title: "HTTP/2: no SETTINGS behind the preface, then silence",
    sends: () => preface,
    expects: { closes: true },
    withinMs: 3_000,
    only: "tight",
  },
  {
    id: "R-30s",
    title: "HTTP/2: HTTP/1.1 behind the preface",
    sends: () =>
      Buffer.concat([
        preface,
        Buffer.from("POST /?methodName=target.Target.Echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"),
      ]),
    expects: { closes: true },
  },
];

/** One request whose headers are not as they must be: its stream is reset, or refused, and no handler runs. */
const badHeaders = (id: string, title: string, pairs: () => readonly (readonly [string, string])[]): HostileRow => ({
  id,
  title: `HTTP/2: ${title}`,
  act: async (target) => {
    const before = await target.state();
    using peer = await Peer.open(target.port);
    peer.send(
      Buffer.concat([
        hello,
        ...headerFrames(1, headerBlock(pairs())),
        frame2(FrameType.Data, EndStream, 1, envelope(new Uint8Array(0))),
      ]),
    );
    const isOver = () =>
      peer.closed ||
      frames(peer.received).some(
        ({ type, stream }) =>
          type === FrameType.GoAway || (stream === 1 && (type === FrameType.RstStream || type === FrameType.Headers)),
      );
    await peer.until(isOver, "refused", 1_500);
    assert.equal((await target.state()).entered, before.entered);
  },
});

/** A header that no header may be: it does not reach the handler. */
const leftOut = (id: string, title: string, header: readonly [string, string]): HostileRow => ({
  id,
  title: `HTTP/2: ${title} is left out`,
  act: async (target) => {
    using peer = await Peer.open(target.port);
    const block = headerBlock([...Object.entries(callHeaders("Tell")), header, ["kept", "yes"]]);
    peer.send(
      Buffer.concat([
        hello,
        ...headerFrames(1, block),
        frame2(FrameType.Data, EndStream, 1, envelope(new Uint8Array(0))),
      ]),
    );
    const told = () => frames(peer.received).find(({ type, payload }) => type === FrameType.Data && payload.length > 0);
    await peer.until(() => told() !== undefined, "answered", 1_500);
    assert.match(told()!.payload.toString("latin1"), /"metadata":{"kept":"yes"}/);
  },
});

/** A block of any size as HEADERS and its CONTINUATIONs. */
function headerFrames(stream: number, block: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at === 0 || at < block.length; at += 16_384) {
    parts.push(block.subarray(at, at + 16_384));
  }
  return parts.map((part, index) =>
    frame2(
      index === 0 ? FrameType.Headers : FrameType.Continuation,
      index === parts.length - 1 ? EndHeaders : 0,
      stream,
      part,
    ),
  );
}

/** Something begun and never completed, which holds the connection: closed in time, and told why. */
const neverEnds = (id: string, title: string, bytes: () => Uint8Array): HostileRow => ({
  id,
  title: `HTTP/2: ${title}, then silence`,
  only: "tight",
  act: async (target) => {
    const before = await target.state();
    using peer = await Peer.open(target.port);
    peer.send(Buffer.concat([hello, bytes()]));
    await peer.until(() => peer.closed, "closed", 3_000);
    assert.match(peer.received.toString("latin1"), /http\.headMs/);
    assert.deepEqual(new Set(goAways(peer.received)), new Set([calm]));
    assert.equal((await target.state()).entered, before.entered);
  },
});

/** ENHANCE_YOUR_CALM. */
const calm = 11;
const ackedSettings = frame2(FrameType.Settings, FrameFlag.Ack, 0);

/** Answer what PINGs there are beyond those that were answered. @returns how many there are */
function answerPings(peer: Peer, answered: number): number {
  const pings = frames(peer.received).filter(({ type, flags }) => type === FrameType.Ping && flags === 0);
  for (const { payload } of pings.slice(answered)) {
    peer.send(frame2(FrameType.Ping, FrameFlag.Ack, 0, payload));
  }
  return pings.length;
}

const slowRows: HostileRow[] = [
  neverEnds("R-12ha", "headers without their end", () => openCall(1, "Echo", 0)),
  neverEnds("R-12hb", "headers that CONTINUATIONs do not end", () =>
    Buffer.concat([openCall(1, "Echo", 0), frame2(FrameType.Continuation, 0, 1, headerBlock([["x", "y"]]))]),
  ),
  neverEnds("R-12hc", "the half of a frame's header", () => Buffer.of(0, 0, 20, 1)),
  neverEnds("R-12hd", "PINGs, then half of one", () =>
    Buffer.concat([ackedSettings, many(10, () => frame2(FrameType.Ping, 0, 0, Buffer.alloc(8))), Buffer.of(0, 0, 8)]),
  ),
  {
    id: "R-12he",
    title: "HTTP/2: headers of which a byte comes every 50 ms: closed in time",
    only: "tight",
    act: async (target) => {
      using peer = await Peer.open(target.port);
      peer.send(Buffer.concat([hello, frame2(FrameType.Headers, 0, 1, Buffer.alloc(0), 1_000)]));
      for (let sent = 0; !peer.closed; sent++) {
        assert.ok(sent < 900, "closed while its headers drip");
        peer.send(Buffer.of(0));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  },
  {
    id: "R-12hf",
    title: "HTTP/2: a peer that only says SETTINGS, and answers when it is asked, is kept",
    only: "tight",
    // On a busy machine it is this program that may not answer in time, and is closed rightly: then it tries again.
    act: (target) =>
      untilServed(async () => {
        using peer = await Peer.open(target.port);
        peer.send(Buffer.concat([hello, ackedSettings]));
        await peer.until(() => answerPings(peer, 0) > 0, "asked whether it is in the middle of something", 3_000);
        // It is sound now, and not asked again.
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        assert.equal(answerPings(peer, 1), 1);
        peer.send(Buffer.concat([openCall(1), frame2(FrameType.Data, EndStream, 1, envelope(new Uint8Array(0)))]));
        await peer.until(() => frames(peer.received).some(({ type }) => type === FrameType.Data), "answered", 3_000);
      }),
  },
];

const good = Object.entries(callHeaders());
const headerRows: HostileRow[] = [
  badHeaders("R-31a", "20 KiB in one header", () => [...good, ["x", "y".repeat(20_000)]]),
  badHeaders("R-31b", "1 MiB of headers", () => [
    ...good,
    ...Array.from({ length: 64 }, () => ["x", "y".repeat(16_000)] as const),
  ]),
  badHeaders("R-31c", "200 headers", () => [
    ...good,
    ...Array.from({ length: 200 }, (_, i) => [`x${i}`, "y"] as const),
  ]),
  badHeaders("R-31d", "an upper-case name", () => [...good, ["X-Upper", "y"]]),
  badHeaders("R-31e", "a header of the connection", () => [...good, ["connection", "close"]]),
  badHeaders("R-31f", "transfer-encoding", () => [...good, ["transfer-encoding", "chunked"]]),
  badHeaders("R-31g", "two paths", () => [...good, [":path", "/target.Target/Echo"]]),
  badHeaders("R-31h", "no path", () => good.filter(([name]) => name !== ":path")),
  badHeaders("R-31i", "an empty path", () =>
    good.map(([name, value]) => (name === ":path" ? [name, ""] : [name, value])),
  ),
  badHeaders("R-31j", "a pseudo-header behind the others", () => [...good.slice(1), good[0]!]),
  badHeaders("R-31k", "a pseudo-header that nobody knows", () => [[":forged", "1"], ...good]),
  leftOut("R-31l", "a line break in a value", ["x", "a\r\nb: c"]),
  leftOut("R-31m", "NUL in a value", ["x", "a\0b"]),
  leftOut("R-31n", "a space in a name", ["x y", "z"]),
  badHeaders("R-31o", "a content-length that the body does not have", () => [...good, ["content-length", "99"]]),
  badHeaders("R-31p", "two content-lengths", () => [...good, ["content-length", "5"], ["content-length", "6"]]),
  badHeaders("R-31q", "GET for gRPC", () =>
    good.map(([name, value]) => (name === ":method" ? [name, "GET"] : [name, value])),
  ),
  badHeaders("R-31r", "CONNECT through us", () => [
    [":method", "CONNECT"],
    [":authority", "127.0.0.1:22"],
  ]),
  {
    id: "R-31s",
    title: "HTTP/2: an entry of 4 KB in HPACK's table, named 2,000 times in 2 KB",
    only: "default",
    act: async (target) => {
      const before = await target.state();
      using peer = await Peer.open(target.port);
      // Literal with incremental indexing, then its index again and again (RFC 7541, 6.1; index 62 is the newest).
      const entry = Buffer.concat([Buffer.of(0x40), headerBlock([["x", "y".repeat(3_900)]]).subarray(1)]);
      const block = Buffer.concat([headerBlock(good), entry, Buffer.alloc(2_000, 0x80 | 62)]);
      peer.send(Buffer.concat([hello, ...headerFrames(1, block)]));
      await goodGrpcCalls(target.port, 5);
      const { rss, entered } = await target.state();
      assert.ok(rss < before.rss + 64 * 1024 * 1024);
      assert.equal(entered, before.entered + 5);
    },
  },
];

/** Little that costs much, and much that costs little. */
const floodRows: HostileRow[] = [
  flood("R-32a", "100,000 PINGs", () => many(100_000, () => frame2(FrameType.Ping, 0, 0, Buffer.alloc(8)))),
  flood(
    "R-32b",
    "100,000 PINGs of a peer that does not read",
    () => many(100_000, () => frame2(FrameType.Ping, 0, 0, Buffer.alloc(8))),
    { reads: false },
  ),
  flood("R-32c", "50,000 SETTINGS of a peer that does not read", () => many(50_000, (i) => settings([4, i])), {
    reads: false,
  }),
  flood("R-32d", "50,000 SETTINGS", () => many(50_000, (i) => settings([4, 65_535 + (i % 2)]))),
  flood("R-32e", "100,000 PRIORITYs for streams that are not there", () =>
    many(100_000, (i) => frame2(FrameType.Priority, 0, 1 + 2 * i, Buffer.of(0, 0, 0, 0, i & 255))),
  ),
  flood("R-32f", "100,000 PRIORITYs that each make one stream depend on another", () =>
    many(100_000, (i) =>
      frame2(FrameType.Priority, 0, 1 + 2 * (i % 50), Buffer.concat([word(1 + 2 * ((i + 1) % 50)), Buffer.of(255)])),
    ),
  ),
  flood("R-32g", "100,000 empty DATA frames", () =>
    Buffer.concat([openCall(1, "Hold"), many(100_000, () => frame2(FrameType.Data, 0, 1))]),
  ),
  flood("R-32h", "20,000 CONTINUATIONs of nothing", () =>
    Buffer.concat([openCall(1, "Echo", 0), many(20_000, () => frame2(FrameType.Continuation, 0, 1))]),
  ),
  flood("R-32i", "2,000 CONTINUATIONs of a kilobyte", () =>
    Buffer.concat([
      openCall(1, "Echo", 0),
      many(2_000, () => frame2(FrameType.Continuation, 0, 1, headerBlock([["x", "y".repeat(1_000)]]))),
    ]),
  ),
  flood("R-32j", "100,000 WINDOW_UPDATEs of one byte", () =>
    many(100_000, () => frame2(FrameType.WindowUpdate, 0, 0, word(1))),
  ),
  flood("R-32k", "100,000 frames of types that nobody knows", () =>
    many(100_000, (i) => frame2(0x20 + (i % 200), i & 255, i % 8, Buffer.alloc(3))),
  ),
  flood("R-32l", "20,000 trailers on one stream", () =>
    Buffer.concat([
      openCall(1, "Hold"),
      many(20_000, () => frame2(FrameType.Headers, EndHeaders, 1, headerBlock([["x", "y"]]))),
    ]),
  ),
  flood("R-32m", "3,000 calls at once where 128 may be", () => many(3_000, (i) => openCall(1 + 2 * i, "Hold"))),
  {
    id: "R-09a",
    title: "HTTP/2: a message in 200,000 DATA frames of one byte: bounded memory, ended in time",
    only: "tight",
    act: async (target) => {
      const before = await target.state();
      using peer = await Peer.open(target.port);
      peer.send(
        Buffer.concat([
          hello,
          openCall(1, "Tell"),
          frame2(FrameType.Data, 0, 1, envelope(new Uint8Array(0), 0, 4_000_000)),
        ]),
      );
      const byte = many(1_000, () => frame2(FrameType.Data, 0, 1, Buffer.of(0)));
      for (let i = 0; i < 200; i++) {
        peer.send(byte);
      }
      await goodGrpcCalls(target.port, 10);
      const { rss } = await target.state();
      assert.ok(rss < before.rss + 64 * 1024 * 1024);
      await peer.until(
        () =>
          peer.closed || frames(peer.received).some(({ type, stream }) => type === FrameType.RstStream && stream === 1),
        "ended in time",
        4_000,
      );
    },
  },
  {
    id: "R-10e",
    title: "HTTP/2: 20,000 calls each reset at once: few run, then GOAWAY",
    only: "default",
    act: async (target) => {
      const before = await target.state();
      const begunMs = performance.now();
      using peer = await Peer.open(target.port);
      peer.send(hello);
      peer.send(
        many(20_000, (i) =>
          Buffer.concat([
            openCall(1 + 2 * i, "Hold"),
            frame2(FrameType.Data, EndStream, 1 + 2 * i, envelope(new Uint8Array(0))),
            frame2(FrameType.RstStream, 0, 1 + 2 * i, word(8)),
          ]),
        ),
      );
      await peer.until(() => peer.closed, "closed", 5_000);
      // 256 at once and 100 for each second (`http2.resetBurst`, `http2.resetsPerSecond`), and what was under way by then.
      const most = 256 + 344 + ((performance.now() - begunMs) / 1_000) * 100;
      const { entered } = await target.state();
      assert.ok(entered - before.entered <= most, `${entered - before.entered} handlers were entered`);
      assert.ok(
        goAways(peer.received).some((code) => code !== 0),
        "GOAWAY with a reason",
      );
    },
  },
  ...(
    [
      ["j", "a window that grows by nothing", (stream: number) => frame2(FrameType.WindowUpdate, 0, stream, word(0))],
      ["k", "DATA behind the end", (stream: number) => frame2(FrameType.Data, 0, stream, Buffer.of(1))],
      ["l", "a PRIORITY that is too short", (stream: number) => frame2(FrameType.Priority, 0, stream, Buffer.of(1, 2))],
      ["m", "a window too large", (stream: number) => frame2(FrameType.WindowUpdate, 0, stream, word(0x7fff_ffff))],
    ] as const
  ).map(
    ([letter, what, spoil]): HostileRow => ({
      id: `R-10${letter}`,
      only: "default",
      title: `HTTP/2: 5,000 calls that the server itself has to reset, by ${what}: few run, then closed`,
      act: async (target) => {
        const before = await target.state();
        using peer = await Peer.open(target.port);
        peer.send(
          Buffer.concat([
            hello,
            many(5_000, (i) =>
              Buffer.concat([
                openCall(1 + 2 * i, "Hold"),
                frame2(FrameType.Data, EndStream, 1 + 2 * i, envelope(new Uint8Array(0))),
                spoil(1 + 2 * i),
              ]),
            ),
          ]),
        );
        await peer.until(() => peer.closed, "closed", 3_000);
        const { entered } = await target.state();
        assert.ok(entered - before.entered <= 600, `${entered - before.entered} handlers were entered`);
      },
    }),
  ),
  {
    id: "R-10f",
    title: "HTTP/2: 100 calls reset after their handlers began: every handler hears of it",
    act: async (target) => {
      const before = await target.state();
      using peer = new GrpcPeer(target.port);
      const calls = Array.from({ length: 100 }, () => peer.open("/target.Target/Hold"));
      for (const { stream } of calls) {
        stream.end(envelope(new Uint8Array(0)));
      }
      await until(async () => (await target.state()).entered - before.entered === 100, "handlers entered");
      for (const { stream } of calls) {
        stream.close(8);
      }
      await until(async () => (await target.state()).canceled - before.canceled >= 100, "handlers cancelled");
    },
  },
  {
    id: "R-10g",
    title: "HTTP/2: a connection that breaks while 100 calls run: every handler hears of it",
    act: async (target) => {
      const before = await target.state();
      const peer = new GrpcPeer(target.port);
      for (let i = 0; i < 100; i++) {
        peer.open("/target.Target/Hold").stream.end(envelope(new Uint8Array(0)));
      }
      await until(async () => (await target.state()).entered - before.entered === 100, "handlers entered");
      peer.session.destroy();
      await until(async () => (await target.state()).canceled - before.canceled >= 100, "handlers cancelled");
    },
  },
  {
    id: "R-12k",
    title: "HTTP/2: 40 peers with a window of nothing that ask for 1 MB each: ended in time, bounded in all",
    only: "tight",
    isHeavy: true,
    act: async (target) => {
      const peers = await Promise.all(Array.from({ length: 40 }, () => Peer.open(target.port)));
      const ask = envelope(field(3, 1_000_000));
      for (const peer of peers) {
        peer.send(
          Buffer.concat([preface, settings([4, 0]), openCall(1, "Grow"), frame2(FrameType.Data, EndStream, 1, ask)]),
        );
      }
      await goodGrpcCalls(target.port, 20);
      const isOver = (peer: Peer) =>
        peer.closed || frames(peer.received).some(({ type }) => type === FrameType.RstStream);
      await until(() => peers.every(isOver), "each is ended");
      for (const peer of peers) {
        peer[Symbol.dispose]();
      }
    },
  },
  {
    id: "R-12l",
    title: "HTTP/2: a peer with a window of nothing that makes 128 calls for 1 MB: few run",
    only: "default",
    isHeavy: true,
    act: async (target) => {
      // What the method answers is known by then, so that this row alone is measured.
      using first = new GrpcPeer(target.port);
      assert.equal((await first.call("Grow", envelope(field(3, 1_000_000)))).code, 0);
      const before = await target.state();
      using peer = await Peer.open(target.port);
      const ask = envelope(field(3, 1_000_000));
      peer.send(
        Buffer.concat([
          preface,
          settings([4, 0]),
          many(128, (i) =>
            Buffer.concat([openCall(1 + 2 * i, "Grow"), frame2(FrameType.Data, EndStream, 1 + 2 * i, ask)]),
          ),
        ]),
      );
      await goodGrpcCalls(target.port, 20);
      const { entered } = await target.state();
      assert.ok(entered - before.entered - 20 <= 20, `${entered - before.entered - 20} ran`);
    },
  },
  {
    id: "R-12m",
    title: "HTTP/2: 20 connections that announce 128 messages of 4 MB each and send a byte of them",
    only: "default",
    act: async (target) => {
      const before = await target.state();
      const peers = await Promise.all(Array.from({ length: 20 }, () => Peer.open(target.port)));
      const start = envelope(Buffer.of(0), 0, 4_000_000);
      for (const peer of peers) {
        peer.send(
          Buffer.concat([
            hello,
            many(128, (i) => Buffer.concat([openCall(1 + 2 * i, "Tell"), frame2(FrameType.Data, 0, 1 + 2 * i, start)])),
          ]),
        );
      }
      await goodGrpcCalls(target.port, 20);
      const { rss } = await target.state();
      assert.ok(rss < before.rss + 128 * 1024 * 1024, "memory follows what has come, not what is announced");
      for (const peer of peers) {
        peer[Symbol.dispose]();
      }
    },
  },
];

/** HTTP/2 itself: frames, headers, floods. */
export const http2Rows: readonly HostileRow[] = [...protocolRows, ...slowRows, ...headerRows, ...floodRows];
