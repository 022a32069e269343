import assert from "node:assert/strict";
import { test } from "node:test";
import { SampleBlock } from "./sample-block.ts";

test("is a block of columns, each string once and positions for the rows", () => {
  const block = new SampleBlock(1);
  const owner = block.owner("S.s", "h", "");
  block.add(1_800_000_000, block.name("ab"), owner, 1, 0);
  block.add(1_800_000_001, block.name("xyz"), owner, 2, 1);
  const undo = block.mark();
  block.add(1_800_000_002, block.name("ab"), owner, 1, 2);
  undo();
  assert.equal(block.rows, 2);
  const [bytes] = block.parts();
  // As the engine itself writes them: SELECT … FORMAT Native.
  const hexOf = (text: string) => Buffer.from(text).toString("hex");
  const time = `04${hexOf("time")}0f${hexOf("DateTime('UTC')")}00d2496b01d2496b`;
  const names =
    "046e616d65164c6f7743617264696e616c69747928537472696e67290100000000000000000600000000000003000000000000000002616203 78797a0200000000000000 0102";
  const hex = bytes!.toString("hex");
  assert.ok(hex.startsWith(`0702${time}`), hex.slice(0, 80));
  assert.ok(hex.includes(names.replaceAll(" ", "")));
  assert.ok(hex.endsWith("0576616c756507466c6f61743634" + "0000000000000000" + "000000000000f03f"));
});

test("has wider positions where there are more names, and no block without rows", () => {
  const block = new SampleBlock();
  assert.deepEqual(block.parts(), []);
  const owner = block.owner("", "h", "");
  for (let i = 0; i < 300; i++) block.add(i, block.name(`n${i}`), owner, 1, i);
  const [bytes] = block.parts();
  const flags = bytes!.indexOf("LowCardinality(String)") + "LowCardinality(String)".length + 8;
  assert.equal(bytes!.readBigUInt64LE(flags), 0x601n);
  assert.equal(bytes!.readBigUInt64LE(flags + 8), 301n);
});
