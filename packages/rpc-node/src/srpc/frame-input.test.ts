import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrame, FrameFault, Writer } from "@msec/wire";
import { FrameInput } from "./frame-input.ts";

const limits = { maxHeadBytes: 100, maxFrameBytes: 100_000 };

function frames(bodies: readonly string[]): Buffer {
  const writer = new Writer();
  for (const body of bodies) {
    encodeFrame(writer, Buffer.from("head"), Buffer.from(body));
  }
  return Buffer.from(writer.copy());
}

function collect(onBody?: (body: string) => void) {
  const bodies: string[] = [];
  const faults: FrameFault[] = [];
  const input = new FrameInput(
    {
      onFrame: (bytes, span) => {
        const body = Buffer.from(bytes.subarray(span.bodyStart, span.bodyEnd)).toString();
        bodies.push(body);
        onBody?.(body);
      },
      onBadFrame: (fault) => void faults.push(fault),
    },
    limits,
  );
  return { input, bodies, faults };
}

test("frames come out whole however the stream is cut", () => {
  const expected = ["", "a", "b".repeat(5000), "c", "d".repeat(70)];
  const stream = frames(expected);
  for (const size of [1, 2, 3, 7, 10, 64, 1000, stream.length]) {
    const { input, bodies } = collect();
    // One buffer for every read, as a socket with a pooled buffer has it.
    const shared = Buffer.alloc(size);
    for (let at = 0; at < stream.length; at += size) {
      const length = stream.copy(shared, 0, at, Math.min(at + size, stream.length));
      input.push(shared, length, 1);
    }
    assert.deepEqual(bodies, expected, `cut by ${size}`);
    assert.equal(input.heldBytes, 0);
    assert.equal(input.heldSinceMs, 0);
  }
});

test("paused in the middle of a read it hands on nothing more until it is resumed", () => {
  const { input, bodies } = collect((body) => {
    if (body === "b") {
      input.pause();
    }
  });
  const stream = frames(["a", "b", "c", "d"]);
  input.push(stream, stream.length, 1);
  input.push(stream, 5, 2);
  assert.deepEqual(bodies, ["a", "b"]);
  input.resume(3);
  assert.deepEqual(bodies, ["a", "b", "c", "d"]);
  assert.equal(input.heldBytes, 5);
});

test("the first bad frame is told once and ends it", () => {
  const { input, bodies, faults } = collect();
  const stream = Buffer.concat([frames(["a"]), Buffer.from("garbage"), frames(["b"])]);
  input.push(stream, stream.length, 1);
  input.push(stream, stream.length, 2);
  assert.deepEqual(bodies, ["a"]);
  assert.deepEqual(faults, [FrameFault.BadStart]);
});

test("a frame that is too large is told when its head is there, and nothing is reserved for its length", () => {
  const { input, faults } = collect();
  const start = Buffer.from("280000000a7fffffff", "hex");
  input.push(start, start.length, 1);
  assert.deepEqual(faults, []);
  assert.equal(input.heldBytes, start.length);
  input.push(Buffer.alloc(10), 10, 2);
  assert.deepEqual(faults, [FrameFault.FrameTooLarge]);
});
