import assert from "node:assert/strict";
import { test } from "node:test";
import { keyId } from "./key-id.ts";
import { SampleBlock } from "./sample-block.ts";
import { rollUp } from "./sample-roll-up.ts";

test("is a block of columns, each string once and positions for the rows", () => {
  const block = new SampleBlock(1);
  const owner = block.owner("S.s", "h", "");
  block.add(1_800_000_000, block.series(owner, "ab"), 1, 0);
  block.add(1_800_000_001, block.series(owner, "xyz"), 2, 1);
  const undo = block.mark();
  block.add(1_800_000_002, block.series(owner, "ab"), 1, 2);
  undo();
  assert.equal(block.rows, 2);
  const [hours, , samples] = block.inserts();
  // As the engine itself writes them: SELECT … FORMAT Native.
  const hexOf = (text: string) => Buffer.from(text).toString("hex");
  const time = `04${hexOf("time")}0f${hexOf("DateTime('UTC')")}`;
  const names =
    "046e616d65164c6f7743617264696e616c69747928537472696e67290100000000000000000600000000000003000000000000000002616203 78797a0200000000000000 0102";
  const hex = hours!.parts[0]!.toString("hex");
  assert.ok(hex.startsWith(`0b02${time}00d2496b00d2496b`), hex.slice(0, 80));
  assert.ok(hex.includes(names.replaceAll(" ", "")));
  const ofSamples = samples!.parts[0]!.toString("hex");
  assert.ok(ofSamples.startsWith(`0702${time}00d2496b01d2496b`), ofSamples.slice(0, 80));
  const ids = ["", "ab", "xyz"]
    .map((key) => Buffer.from(BigUint64Array.of(keyId(key)).buffer).toString("hex"))
    .join("");
  const idColumn = `07${hexOf("name_id")}16${hexOf("LowCardinality(UInt64)")}010000000000000000060000000000000300000000000000${ids}`;
  assert.ok(ofSamples.includes(`${idColumn}02000000000000000102`));
  assert.ok(ofSamples.endsWith("0576616c756507466c6f61743634" + "0000000000000000" + "000000000000f03f"));
});

test("what stands for a name is what SQL makes of it", () => {
  // SELECT reinterpretAsUInt64(substring(SHA256('abc'), 1, 8))
  assert.equal(keyId("abc"), 16_919_744_041_952_114_874n);
});

test("has wider positions where there are more names, and no block without rows", () => {
  const block = new SampleBlock();
  assert.deepEqual(block.inserts(), []);
  const owner = block.owner("", "h", "");
  for (let i = 0; i < 300; i++) block.add(i, block.series(owner, `n${i}`), 1, i);
  const bytes = block.inserts()[0]!.parts[0];
  const flags = bytes!.indexOf("LowCardinality(String)") + "LowCardinality(String)".length + 8;
  assert.equal(bytes!.readBigUInt64LE(flags), 0x601n);
  assert.equal(bytes!.readBigUInt64LE(flags + 8), 301n);
});

test("sorts rows as their table does, by series and then by time", () => {
  const block = new SampleBlock();
  const [late, early] = ["b", "a"].map((service) => block.owner(service, "h", "i"));
  block.add(120, block.series(late!, "m"), 1, 4);
  block.add(70, block.series(early!, "n"), 1, 3);
  block.add(60, block.series(late!, "m"), 1, 2);
  block.add(60, block.series(early!, "m"), 1, 1);
  const valuesOf = (insert: number, column: string, rows: number) => {
    const { parts } = block.inserts()[insert]!;
    const type = `${column}\x07Float64`;
    const at = parts[0]!.indexOf(type) + type.length;
    return Array.from({ length: rows }, (_, i) => parts[0]!.readDoubleLE(at + 8 * i));
  };
  assert.deepEqual(valuesOf(0, "sum", 3), [1, 3, 6], "by service, then name");
  assert.ok(keyId("n") < keyId("m") && keyId("b") < keyId("a"));
  assert.deepEqual(valuesOf(2, "value", 4), [3, 2, 4, 1], "by name, then service, both by their numbers");
  assert.deepEqual(
    block.inserts().map(({ table }) => table),
    ["sample_hour", "series_minute", "series_sample"],
  );
});

test("adds samples of one series and step up", () => {
  const rows: [series: number, time: number, kind: number, value: number][] = [
    [3, 60, 2, 5],
    [3, 70, 2, -1],
    [3, 119, 2, 2],
    [3, 120, 2, 7],
    [1, 130, 1, 4],
  ];
  const rolled = rollUp(
    {
      series: Uint32Array.from(rows, ([series]) => series),
      times: Uint32Array.from(rows, ([, time]) => time),
      kinds: Uint8Array.from(rows, ([, , kind]) => kind),
      values: Float64Array.from(rows, ([, , , value]) => value),
    },
    60,
  );
  const columns = Object.fromEntries(Object.entries(rolled).map(([name, column]) => [name, [...column]]));
  assert.deepEqual(columns, {
    series: [3, 3, 1],
    times: [60, 120, 120],
    kinds: [2, 2, 1],
    counts: [3, 1, 1],
    sums: [6, 7, 4],
    mins: [-1, 7, 4],
    maxs: [5, 7, 4],
    lasts: [2, 7, 4],
  });
});
