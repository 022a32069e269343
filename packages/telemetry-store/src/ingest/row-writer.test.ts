import assert from "node:assert/strict";
import { test } from "node:test";
import { encodedString, RowWriter } from "./row-writer.ts";

test("writes RowBinary as ClickHouse documents it", () => {
  const writer = new RowWriter(1);
  writer.uint8(7);
  writer.uint16(0x0102);
  writer.uint32(0x01020304);
  writer.uint64(1_700_000_000_123_456);
  writer.float64(-0.5);
  writer.uint64FromBytes(Uint8Array.of(9, 1, 2, 3, 4, 5, 6, 7, 8), 1);
  writer.string("深a", 100);
  const expected = Buffer.alloc(8 * 3);
  expected.writeBigUInt64LE(1_700_000_000_123_456n, 0);
  expected.writeDoubleLE(-0.5, 8);
  expected.writeBigUInt64LE(0x0102030405060708n, 16);
  assert.deepEqual(
    writer.bytes(),
    Buffer.concat([Buffer.from([7, 2, 1, 4, 3, 2, 1]), expected, Buffer.from([4]), Buffer.from("深a")]),
  );
});

test("writes lengths of more than 127 in as many bytes as they need", () => {
  const writer = new RowWriter();
  for (const value of [127, 128, 16_383, 16_384, 4_294_967_295]) writer.varint(value);
  assert.equal(writer.bytes().toString("hex"), "7f" + "8001" + "ff7f" + "808001" + "ffffffff0f");
});

test("cuts a string at its limit and replaces half a surrogate pair", () => {
  assert.deepEqual(Buffer.from(encodedString("abcdef", 3)).toString(), "\x03abc");
  assert.deepEqual(Buffer.from(encodedString("a😀", 2)).toString(), "\x04a\ufffd");
});

test("cuts its bytes into parts at the ends of rows", () => {
  const writer = new RowWriter();
  assert.deepEqual(writer.parts(), []);
  const row = new Uint8Array(3 * 1024 * 1024).fill(1);
  for (let i = 0; i < 13; i++) {
    writer.raw(row);
    writer.endRow();
  }
  assert.deepEqual(
    writer.parts().map((part) => part.length / row.length),
    [6, 6, 1],
  );
  assert.equal(writer.rows, 13);
});

test("forgets rows that are taken back", () => {
  const writer = new RowWriter();
  writer.uint8(1);
  writer.endRow();
  const position = writer.position();
  writer.raw(new Uint8Array(20 * 1024 * 1024));
  writer.endRow();
  writer.rollback(position);
  writer.uint8(2);
  writer.endRow();
  assert.deepEqual(writer.parts(), [Buffer.from([1, 2])]);
  assert.equal(writer.rows, 2);
});
