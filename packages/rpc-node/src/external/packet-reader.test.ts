import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, type RpcError } from "@msec/rpc";
import { PacketReader } from "./packet-reader.ts";

// Two bytes of length, which count themselves.
const lengthOf = (buffer: Uint8Array) => (buffer.length < 2 ? 0 : buffer[0]! * 256 + buffer[1]!);
const packet = (text: string) => Buffer.concat([Buffer.from([0, text.length + 2]), Buffer.from(text)]);

function read(chunks: Uint8Array[], maxBytes = 100, packetLength = lengthOf) {
  const packets: string[] = [];
  const reader = new PacketReader(packetLength, maxBytes, (bytes) => {
    packets.push(Buffer.from(bytes.subarray(2)).toString());
  });
  for (const chunk of chunks) reader.push(chunk);
  return packets;
}

test("packets are found however the bytes arrive", () => {
  const all = Buffer.concat([packet("one"), packet(""), packet("three"), packet("x".repeat(98))]);
  const expected = ["one", "", "three", "x".repeat(98)];
  assert.deepEqual(read([all]), expected);
  assert.deepEqual(read([...all].map((byte) => Buffer.from([byte]))), expected);
  for (let cut = 1; cut < all.length; cut++) {
    assert.deepEqual(read([all.subarray(0, cut), all.subarray(cut)]), expected, `cut at ${cut}`);
  }
});

test("a large packet in small pieces is put together once it is whole", () => {
  let asked = 0;
  const length = 1024 * 1024;
  const head = Buffer.alloc(4);
  head.writeUInt32BE(length);
  const chunks = [head, ...Array.from({ length: 1024 }, () => Buffer.alloc(1024)).slice(0, -1), Buffer.alloc(1020)];
  const found = read(chunks, length, (buffer) => {
    asked++;
    return buffer.length < 4 ? 0 : Buffer.from(buffer.buffer, buffer.byteOffset).readUInt32BE();
  });
  assert.equal(found.length, 1);
  assert.equal(asked, 2);
});

const faults: [what: string, packetLength: (buffer: Uint8Array) => number, code: Code, message: RegExp][] = [
  ["a negative length", () => -1, Code.Internal, /no packet of this protocol \(packetLength -1\) begins with 0005/],
  ["a length that is no number", () => Number.NaN, Code.Internal, /packetLength NaN/],
  ["a fraction", () => 1.5, Code.Internal, /packetLength 1.5/],
  ["a length above the limit", () => 101, Code.ResourceExhausted, /101 bytes is above packets.maxBytes 100/],
  ["a packet without an end", () => 0, Code.ResourceExhausted, /100 bytes without an end/],
];
for (const [what, packetLength, code, message] of faults) {
  test(`${what} is refused`, () => {
    const bytes = Buffer.alloc(100);
    bytes[1] = 5;
    assert.throws(
      () => read([bytes], 100, packetLength),
      (error: RpcError) => error.code === code && message.test(error.message),
    );
  });
}

test("a packetLength that throws is named as the cause", () => {
  const broken = () => {
    throw new Error("index out of range");
  };
  assert.throws(() => read([Buffer.alloc(3)], 100, broken), /packetLength failed: index out of range/);
});
