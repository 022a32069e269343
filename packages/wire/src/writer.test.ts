import assert from "node:assert/strict";
import { test } from "node:test";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { Reader } from "./reader.ts";
import { decodeStrictText, decodeText } from "./text.ts";
import { uint64FromHalves } from "./uint64.ts";
import { WireError, WireReason } from "./wire-error.ts";
import { Writer } from "./writer.ts";

// The same inputs each time: what a run finds, the change that it is run for has broken. Others by hand.
fc.configureGlobal({ seed: Number(process.env.MSEC_FUZZ_SEED ?? 1) });

function written(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer({ initialBytes: 1 });
  write(writer);
  return writer.copy();
}

function readerOf(bytes: Uint8Array): Reader {
  const reader = new Reader();
  reader.reset(bytes, 0, bytes.length);
  return reader;
}

test("varints equal those of protobuf-es, and are read back", () => {
  const integers = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 0xffff_ffff }));
  fc.assert(
    fc.property(integers, fc.integer(), fc.bigInt(0n, 2n ** 64n - 1n), (unsigned, signed, long) => {
      const low = Number(BigInt.asIntN(32, long));
      const high = Number(BigInt.asIntN(32, long >> 32n));
      const bytes = written((writer) => {
        writer.uint32(unsigned);
        writer.int32(signed);
        writer.varint64(low, high);
        writer.uint64(long);
      });
      assert.deepEqual(bytes, new BinaryWriter().uint32(unsigned).int32(signed).uint64(long).uint64(long).finish());
      const reader = readerOf(bytes);
      assert.equal(reader.uint32(), unsigned);
      assert.equal(reader.uint32() | 0, signed);
      reader.varint64();
      assert.equal(BigInt(uint64FromHalves(reader.low, reader.high)), long);
    }),
  );
});

test("a 64-bit integer is a number up to 2^53-1 and a bigint above, so that equal ones are equal keys", () => {
  assert.equal(uint64FromHalves(-1, 0x1f_ffff), Number.MAX_SAFE_INTEGER);
  assert.equal(uint64FromHalves(0, 0x20_0000), 2n ** 53n);
  assert.equal(uint64FromHalves(-1, -1), 2n ** 64n - 1n);
});

test("text of any length and script equals that of protobuf-es, and is read back", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.integer({ min: 0, max: 20_000 }).map((length) => "航班 flight ".repeat(length / 10).slice(0, length)),
    fc.nat(300).map((length) => "a".repeat(length)),
  );
  fc.assert(
    fc.property(text, (value) => {
      const bytes = written((writer) => writer.string(value));
      assert.deepEqual(bytes, new BinaryWriter().string(value).finish());
      const reader = readerOf(bytes);
      const length = reader.length();
      assert.equal(decodeText(bytes, reader.position, reader.position + length), value.toWellFormed());
      assert.equal(decodeStrictText(bytes, reader.position, reader.position + length), value.toWellFormed());
    }),
  );
});

test("a length in front of its content is right whatever size was guessed for it", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 20_000),
      (guess, length) => {
        const content = new Uint8Array(length).fill(7);
        const bytes = written((writer) => {
          writer.byte(1);
          const start = writer.beginLengthDelimited(guess);
          writer.raw(content);
          writer.endLengthDelimited(start, guess);
          writer.byte(2);
        });
        assert.deepEqual(bytes, new BinaryWriter().uint32(1).bytes(content).uint32(2).finish());
      },
    ),
  );
});

test("a reset writer keeps its memory; a detached one gives it away", () => {
  const writer = new Writer({ initialBytes: 8 });
  writer.string("some text");
  const memory = writer.bytes.buffer;
  writer.reset();
  writer.string("other");
  assert.equal(writer.bytes.buffer, memory);
  const taken = writer.detach();
  assert.equal(writer.position, 0);
  writer.string("more");
  assert.equal(new TextDecoder().decode(taken.subarray(1)), "other");
  assert.equal(new TextDecoder().decode(writer.written().subarray(1)), "more");
});

test("writes into a part of a larger buffer that it was given", () => {
  const pool = new Uint8Array(64);
  const writer = new Writer();
  writer.attach(pool.subarray(16, 32));
  writer.fixed32BigEndian(0x01020304);
  writer.double(1);
  assert.deepEqual(pool.subarray(16, 20), Uint8Array.of(1, 2, 3, 4));
  assert.equal(pool[15], 0);
  writer.fixed64(1, 2);
  assert.equal(pool[32], 0, "grows by moving to its own memory");
  assert.equal(writer.position, 20);
});

test("refuses to grow past its limit and stays usable", () => {
  const writer = new Writer({ initialBytes: 4, maxBytes: 100 });
  writer.raw(new Uint8Array(90));
  assert.throws(
    () => writer.raw(new Uint8Array(11)),
    (error) => error instanceof WireError && error.reason === WireReason.TooLarge,
  );
  writer.raw(new Uint8Array(10));
  assert.equal(writer.position, 100);
});

test("truncates to an earlier position only", () => {
  const writer = new Writer();
  writer.fixed32(1);
  assert.throws(() => writer.truncate(5), RangeError);
  assert.throws(() => writer.truncate(Number.NaN), RangeError);
  writer.truncate(1);
  assert.equal(writer.position, 1);
});

test("a reader refuses a region outside its buffer", () => {
  assert.throws(() => new Reader().reset(new Uint8Array(3), 2, 4), RangeError);
  assert.throws(() => new Reader().reset(new Uint8Array(3), 2, 1), RangeError);
});

test("long ASCII text does not need room for three times its length", () => {
  const writer = new Writer({ initialBytes: 16, maxBytes: 100_010 });
  writer.string("a".repeat(100_000));
  assert.equal(writer.position, 100_003);
});
