import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  beginFrame,
  createFrameSpan,
  defaultFrameLimits,
  describeFrameFault,
  encodeFrame,
  endFrame,
  endHead,
  FrameFault,
  FrameState,
  frameOverheadBytes,
  parseFrame,
} from "./frame.ts";
import { bytesFromHex } from "./testing/hex.ts";
import { WireError, WireReason } from "./wire-error.ts";
import { Writer } from "./writer.ts";

// The same inputs each time: what a run finds, the change that it is run for has broken. Others by hand.
fc.configureGlobal({ seed: Number(process.env.MSEC_FUZZ_SEED ?? 1) });

// Recorded from the original's C++ echo server: sequence 7, caller raw.py, message "hello".
const original = bytesFromHex(
  "28 00000023 00000007 5007 920306 7261772e7079 9a0315 6563686f2e4563686f536572766963652e4563686f 0a05 68656c6c6f 29",
);

function frameOf(head: Uint8Array, body: Uint8Array): Uint8Array {
  const writer = new Writer({ initialBytes: 1 });
  encodeFrame(writer, head, body);
  return writer.copy();
}

test("finds the parts of a frame of the original, wherever it lies in the buffer", () => {
  const buffer = new Uint8Array(original.length + 5);
  buffer.set(original, 3);
  const span = createFrameSpan();
  assert.equal(parseFrame(buffer, 3, buffer.length, span), FrameState.Whole);
  assert.deepEqual(
    { ...span },
    { headStart: 12, headEnd: 47, bodyStart: 47, bodyEnd: 54, next: 55, frameBytes: 52, fault: undefined },
  );
});

test("writes the bytes of the original", () => {
  assert.deepEqual(frameOf(original.subarray(9, 44), original.subarray(44, 51)), original);
});

test("needs more bytes until the last one is there, and says how many as soon as the lengths are", () => {
  for (let end = 0; end < original.length; end++) {
    const span = createFrameSpan();
    assert.equal(parseFrame(original, 0, end, span), FrameState.NeedMore, `${end} bytes`);
    assert.equal(span.frameBytes, end < 9 ? 0 : original.length);
  }
});

test("reads frames one after the other, with and without bodies", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.uint8Array({ maxLength: 300 })), {
        maxLength: 8,
      }),
      (frames) => {
        const writer = new Writer({ initialBytes: 16 });
        for (const [head, body] of frames) encodeFrame(writer, head, body);
        const bytes = writer.written();
        const span = createFrameSpan();
        let start = 0;
        for (const [head, body] of frames) {
          assert.equal(parseFrame(bytes, start, bytes.length, span), FrameState.Whole);
          assert.deepEqual(bytes.slice(span.headStart, span.headEnd), head);
          assert.deepEqual(bytes.slice(span.bodyStart, span.bodyEnd), body);
          start = span.next;
        }
        assert.equal(start, bytes.length);
      },
    ),
  );
});

const limits = { maxHeadBytes: 100, maxFrameBytes: 1000 };
const refused: [string, string, FrameFault][] = [
  ["another first byte, at once", "29", FrameFault.BadStart],
  ["HTTP", "504f5354", FrameFault.BadStart],
  ["an empty head, before the body's length", "28 00000000", FrameFault.EmptyHead],
  ["an empty head", "28 00000000 00000000 29", FrameFault.EmptyHead],
  ["a head over the limit, before the body's length", "28 00000065", FrameFault.HeadTooLarge],
  ["a head over the limit", "28 00000065 00000001", FrameFault.HeadTooLarge],
  ["a head length with the sign bit", "28 ffffffff 00000001", FrameFault.HeadTooLarge],
  ["a frame over the limit", "28 00000064 0000037b", FrameFault.FrameTooLarge],
  ["a body length with the sign bit", "28 00000001 ffffffff", FrameFault.FrameTooLarge],
  ["another last byte", "28 00000001 00000001 aabb28", FrameFault.BadEnd],
];
for (const [name, hex, fault] of refused) {
  test(`refuses ${name}`, () => {
    const bytes = bytesFromHex(hex);
    const span = createFrameSpan();
    assert.equal(parseFrame(bytes, 0, bytes.length, span, limits), FrameState.Bad);
    assert.equal(span.fault, fault);
    assert.ok(describeFrameFault(fault, limits).length > 10);
  });
}

test("accepts head and frame of exactly the limits", () => {
  const bytes = frameOf(new Uint8Array(100), new Uint8Array(1000 - 100 - frameOverheadBytes));
  const span = createFrameSpan();
  assert.equal(parseFrame(bytes, 0, bytes.length, span, limits), FrameState.Whole);
  assert.equal(span.next, 1000);
});

test("says where the head of a too large frame is, so that it can be answered", () => {
  const bytes = bytesFromHex("28 00000002 7fffffff 5007");
  const span = createFrameSpan();
  assert.equal(parseFrame(bytes, 0, bytes.length, span), FrameState.Bad);
  assert.deepEqual([span.fault, span.headStart, span.headEnd], [FrameFault.FrameTooLarge, 9, 11]);
});

test("never reads past the end of the region, whatever it holds", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(60), (garbage, extra) => {
      const bytes = new Uint8Array(garbage.length + extra).fill(0x29);
      bytes.set(garbage);
      if (garbage.length > 0) bytes[0] = 0x28;
      const alone = createFrameSpan();
      const among = createFrameSpan();
      assert.equal(
        parseFrame(bytes, 0, garbage.length, among, limits),
        parseFrame(bytes.slice(0, garbage.length), 0, garbage.length, alone, limits),
      );
      assert.deepEqual(among, alone);
      if (alone.next > 0) assert.ok(alone.next <= garbage.length);
    }),
  );
});

test("writes head and body in place, growing under way, after other frames", () => {
  const writer = new Writer({ initialBytes: 8 });
  encodeFrame(writer, Uint8Array.of(1), Uint8Array.of());
  const frameStart = beginFrame(writer);
  writer.raw(new Uint8Array(300).fill(2));
  const bodyStart = endHead(writer, frameStart);
  writer.raw(new Uint8Array(70_000).fill(3));
  endFrame(writer, frameStart, bodyStart);
  assert.deepEqual(writer.copy().subarray(11), frameOf(new Uint8Array(300).fill(2), new Uint8Array(70_000).fill(3)));
});

test("takes back a frame over the limit and keeps those before it", () => {
  const writer = new Writer();
  encodeFrame(writer, Uint8Array.of(1), Uint8Array.of(2));
  const before = writer.copy();
  const tooLarge = (error: unknown) => error instanceof WireError && error.reason === WireReason.TooLarge;
  assert.throws(() => encodeFrame(writer, new Uint8Array(101), new Uint8Array(1), limits), tooLarge);
  assert.throws(() => encodeFrame(writer, new Uint8Array(100), new Uint8Array(891), limits), tooLarge);
  assert.deepEqual(writer.copy(), before);
});

test("leaves room for a 4 MiB body beside the largest head by default", () => {
  const { maxFrameBytes, maxHeadBytes } = defaultFrameLimits;
  assert.equal(maxFrameBytes - maxHeadBytes - frameOverheadBytes, 4 * 1024 * 1024);
});
