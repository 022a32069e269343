import assert from "node:assert/strict";
import { Code } from "@msec/rpc";
import type { HostileRow } from "../row.ts";
import { field, frame, frameStart, head, methodName, nested, request, varint } from "../srpc-bytes.ts";

const mebibyte = 1024 * 1024;
const refusedBody = (id: string, title: string, body: () => Uint8Array): HostileRow => ({
  id,
  title,
  sends: () => request(1, methodName("Echo"), body()),
  expects: { codes: [Code.InvalidArgument], err: -5, closes: false },
});
const refusedHead = (id: string, title: string, bytes: () => Uint8Array, code: Code): HostileRow => ({
  id,
  title,
  sends: () => frame(bytes()),
  expects: { codes: [code], err: code === Code.ResourceExhausted ? -9 : -4, closes: false },
});

/** Frames: lengths, ends, what a length announces and does not bring. */
const frameRows: HostileRow[] = [
  {
    id: "R-01a",
    title: "head length 0xFFFFFFFF, nine bytes sent",
    sends: () => frameStart(0xffff_ffff, 0),
    expects: { codes: [Code.ResourceExhausted], err: -9, closes: true },
  },
  {
    id: "R-01b",
    title: "body length 0xFFFFFFFF behind a good head is refused by its sequence, before any of the body comes",
    sends: () => {
      const good = head(77);
      return Buffer.concat([frameStart(good.length, 0xffff_ffff), good]);
    },
    expects: { codes: [Code.ResourceExhausted], err: -9, closes: true },
    check: (peer) => assert.equal(peer.answers[0]!.sequence, 77),
  },
  {
    id: "R-01c",
    title: "a negative head length (of a peer with signed numbers)",
    sends: () => frameStart(0x8000_0001, 1),
    expects: { codes: [Code.ResourceExhausted], closes: true },
  },
  {
    id: "R-01d",
    title: "head length 0",
    sends: () => frameStart(0, 10),
    expects: { codes: [Code.InvalidArgument], err: -3, closes: true },
  },
  {
    id: "R-01e",
    title: "a body one byte above the limit",
    sends: () => request(1, methodName("Echo"), field(1, Buffer.alloc(4 * mebibyte))),
    expects: { codes: [Code.ResourceExhausted], closes: true },
    withinMs: 3_000,
  },
  {
    id: "R-02a",
    title: "lengths say 100, 99 come, then the end",
    sends: () => Buffer.concat([frameStart(40, 50), Buffer.alloc(90 - 1, 0x50)]),
    ends: true,
    expects: { silence: true, closes: true },
    withinMs: 2_000,
  },
  {
    id: "R-02b",
    title: "a frame that is never completed",
    sends: () => request(1, methodName("Echo"), field(2, "text")).subarray(0, -1),
    expects: { silence: true, closes: true },
    withinMs: 3_000,
    only: "tight",
  },
  {
    id: "R-02c",
    title: "a frame whose last byte is not the end marker",
    sends: () => {
      const bytes = request(1);
      bytes[bytes.length - 1] = 0x28;
      return bytes;
    },
    expects: { codes: [Code.InvalidArgument], err: -3, closes: true },
  },
  {
    id: "R-02d",
    title: "a good frame cut into single bytes is only slow",
    drips: { bytes: () => request(5, methodName("Echo"), field(2, "ab")), everyMs: 1 },
    expects: { codes: [Code.Ok], closes: false, entered: 1 },
    withinMs: 2_000,
  },
  {
    id: "R-12a",
    title: "slowloris in SRPC: a byte now and then does not prolong a frame's time",
    drips: { bytes: () => request(1, methodName("Echo"), Buffer.alloc(500)), everyMs: 20 },
    expects: { silence: true, closes: true },
    withinMs: 3_000,
    only: "tight",
  },
  {
    id: "R-16j",
    title: "HTTP behind an SRPC frame on the same connection is not served",
    sends: () =>
      Buffer.concat([
        request(1),
        Buffer.from(`POST /?methodName=${methodName("Echo")} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}`),
      ]),
    expects: { codes: [Code.Ok, Code.InvalidArgument], closes: true, entered: 1 },
  },
];

/** What is no frame is refused in the name of nobody's call: not of the one before, not of another peer's, whose head was kept for the next. */
const foreignHeadRows: HostileRow[] = [
  {
    id: "R-20r",
    title: "garbage behind a good call is not refused under that call's sequence",
    sends: () => Buffer.concat([request(77), Buffer.from("garbage")]),
    expects: { codes: [Code.Ok, Code.InvalidArgument], closes: true, entered: 1 },
    check: (peer) => {
      assert.deepEqual(
        peer.answers.map(({ sequence }) => sequence),
        [77, 0],
      );
      assert.equal(peer.received.toString("latin1").split(methodName("Echo")).length - 1, 1);
    },
  },
  {
    id: "R-20s",
    title: "a frame with a wrong end is refused under its own sequence",
    sends: () => {
      const wrong = request(78);
      wrong[wrong.length - 1] = 0x20;
      return Buffer.concat([request(77), wrong]);
    },
    expects: { codes: [Code.Ok, Code.InvalidArgument], closes: true, entered: 1 },
    check: (peer) => {
      assert.deepEqual(
        peer.answers.map(({ sequence }) => sequence),
        [77, 78],
      );
    },
  },
];

/** Bodies: protobuf that is none. */
const bodyRows: HostileRow[] = [
  refusedBody("R-06a", "messages nested 10,000 deep", () => nested(7, 10_000)),
  refusedBody("R-06b", "unknown groups nested 10,000 deep", () => Buffer.alloc(10_000, (15 << 3) | 3)),
  refusedBody("R-06c", "a group that ends without a begin", () => Buffer.of((15 << 3) | 4)),
  refusedBody("R-07a", "a string whose length reaches past the body", () => Buffer.of(0x12, 0x7f, 0x61)),
  refusedBody("R-07b", "a length of 2^32-1", () => Buffer.concat([Buffer.of(0x0a), varint(0xffff_ffff)])),
  refusedBody("R-07c", "a length of 2^63-1", () => Buffer.concat([Buffer.of(0x0a), varint(2n ** 63n - 1n)])),
  refusedBody("R-07d", "a varint of eleven bytes", () =>
    Buffer.concat([Buffer.of(0x18), Buffer.alloc(10, 0x80), Buffer.of(1)]),
  ),
  refusedBody("R-07e", "a varint that ends in the middle", () => Buffer.of(0x18, 0x80)),
  refusedBody("R-07f", "field number 0", () => Buffer.of(0x00, 0x01)),
  refusedBody("R-07g", "wire type 7", () => Buffer.of(0x0f)),
  refusedBody("R-07h", "a string that is not UTF-8", () => field(2, Buffer.of(0xff, 0xfe, 0xc0, 0x80))),
  refusedBody("R-07i", "packed numbers whose last one is cut", () => field(6, Buffer.of(1, 2, 0x80))),
  refusedBody("R-07j", "a map entry that is cut", () => field(8, Buffer.of(0x0a, 0x05, 0x61))),
  refusedBody("R-07k", "more than 16,384 unknown fields", () =>
    Buffer.concat(Array.from({ length: 16_385 }, () => field(99, 1))),
  ),
  {
    id: "R-07l",
    title: "map keys __proto__ and constructor stay keys",
    sends: () =>
      request(
        1,
        methodName("Echo"),
        Buffer.concat(
          ["__proto__", "constructor", "toString"].map((key) =>
            field(8, Buffer.concat([field(1, key), field(2, "polluted")])),
          ),
        ),
      ),
    expects: { codes: [Code.Ok], closes: false, entered: 1 },
  },
  {
    id: "R-07m",
    title: "two million packed zeros: memory in proportion to the bytes",
    sends: () => request(1, methodName("Tell"), field(6, Buffer.alloc(2_000_000))),
    expects: { codes: [Code.Ok], closes: false, entered: 1 },
    withinMs: 3_000,
  },
  {
    id: "R-07n",
    title: "a million empty nested messages, which would be 320 MB",
    sends: () => request(1, methodName("Tell"), Buffer.alloc(2_000_000, Buffer.of(0x3a, 0x00))),
    expects: { codes: [Code.InvalidArgument], err: -5, closes: false },
    withinMs: 3_000,
  },
];

/** Heads: what is missing, too large, forged. */
const headRows: HostileRow[] = [
  {
    id: "R-07o",
    title: "a head without a sequence cannot be matched by its sender: told, and closed",
    sends: () => frame(field(51, methodName("Echo"))),
    expects: { codes: [Code.InvalidArgument], err: -4, closes: true },
  },
  refusedHead("R-18a", "no method name", () => field(10, 1), Code.InvalidArgument),
  refusedHead(
    "R-18b",
    "a method name of 513 bytes",
    () => Buffer.concat([field(10, 1), field(51, "m".repeat(513))]),
    Code.ResourceExhausted,
  ),
  {
    id: "R-18c",
    title: "a method name of 64 KiB",
    sends: () => frame(Buffer.concat([field(10, 1), field(51, "m".repeat(65_536))])),
    expects: { codes: [Code.ResourceExhausted], closes: true },
  },
  refusedHead(
    "R-18d",
    "a caller of 257 bytes",
    () => Buffer.concat([field(10, 1), field(50, "c".repeat(257)), field(51, methodName("Echo"))]),
    Code.ResourceExhausted,
  ),
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "target.Target.__proto__",
    "target.Target.constructor",
    "target.Target.echo",
    "target.Target.Echo ",
    "target.Target.Echo\0",
    "/target.Target/Echo",
    "../../etc/passwd",
    "x\r\nHTTP/1.1 200 OK",
    "\u202etxet.desrever",
  ].map(
    (name, index): HostileRow => ({
      id: `R-18e${index + 1}`,
      title: `method ${JSON.stringify(name)}`,
      sends: () => request(1, name),
      expects: { codes: [Code.Unimplemented], err: -6, closes: false },
    }),
  ),
  {
    id: "R-18f",
    title: "a method name that is not UTF-8",
    sends: () => frame(Buffer.concat([field(10, 1), field(51, Buffer.of(0xff, 0xfe, 0x80))])),
    expects: { codes: [Code.Unimplemented], err: -6, closes: false },
  },
  refusedHead(
    "R-06d",
    "unknown groups nested 10,000 deep in the head",
    () => Buffer.concat([field(10, 1), Buffer.alloc(10_000, (15 << 3) | 3)]),
    Code.InvalidArgument,
  ),
  {
    id: "R-20a",
    title: "a client's err, result and err_msg do not come back as the answer's",
    sends: () =>
      frame(
        Buffer.concat([field(10, 1), field(40, 6n), field(41, 7), field(42, "forged"), field(51, methodName("Echo"))]),
      ),
    expects: { codes: [Code.Ok], err: 0, closes: false, entered: 1 },
    check: (peer) => assert.equal(peer.answers[0]!.message, ""),
  },
  {
    id: "R-20b",
    title: "sequences of 0, 2^32 and 2^64-1, and one twice, are each answered",
    sends: () => Buffer.concat([0n, 2n ** 32n, 2n ** 64n - 1n, 5n, 5n].map((sequence) => request(sequence))),
    expects: { codes: [Code.Ok, Code.Ok, Code.Ok, Code.Ok, Code.Ok], closes: false, entered: 5 },
    check: (peer) =>
      assert.deepEqual(
        peer.answers.map(({ sequence }) => BigInt(sequence)),
        [0n, 2n ** 32n, 2n ** 64n - 1n, 5n, 5n],
      ),
  },
  ...[24, 26, 0].map(
    (size, index): HostileRow => ({
      id: `R-20c${index + 1}`,
      title: `a traceparent of ${size} bytes counts as absent`,
      sends: () =>
        frame(Buffer.concat([field(10, 1), field(51, methodName("Tell")), field(100, Buffer.alloc(size, 0xaa))])),
      expects: { codes: [Code.Ok], closes: false, entered: 1 },
      check: (peer) => assert.ok(!peer.received.includes("a".repeat(20))),
    }),
  ),
];

/** SRPC: frames, bodies, heads. */
export const srpcRows: readonly HostileRow[] = [...frameRows, ...foreignHeadRows, ...bodyRows, ...headRows];
