import assert from "node:assert/strict";
import { test } from "node:test";
import { blockHead, header, Keys, numberColumn } from "../ingest/native-column.ts";
import { metricRowsFromBlocks, type PointColumns } from "./metric-rows.ts";
import { Across, MetricSplit, Statistic } from "./metric-statistic.ts";
import { readNative } from "./native-reader.ts";

type Row = [name: string, host: string, time: number, kind: number, sum: number, count: number, value: number];

const query = { fromMs: 0, toMs: 600_000, stepS: 120, names: ["g", "c"] };

function keyColumn(name: string, texts: readonly string[]): Uint8Array[] {
  // Of no rows the engine writes no data at all.
  if (texts.length === 0) return header(name, "LowCardinality(String)");
  const keys = new Keys();
  const positions = Uint32Array.from(texts, (text) => keys.positionOf(text));
  return keys.column(name, positions);
}

/** Rows as the engine answers with them, one block for each list. */
function answer(...blocks: Row[][]): Buffer {
  return Buffer.concat(
    blocks.flatMap((rows) => [
      blockHead(8, rows.length),
      ...keyColumn(
        "name",
        rows.map(([name]) => name),
      ),
      ...keyColumn(
        "host",
        rows.map(([, host]) => host),
      ),
      ...keyColumn(
        "instance",
        rows.map(() => "i"),
      ),
      ...numberColumn(
        "time",
        "DateTime('UTC')",
        Uint32Array.from(rows, (row) => row[2]),
      ),
      ...numberColumn(
        "kind",
        "SimpleAggregateFunction(any, UInt8)",
        Uint8Array.from(rows, (row) => row[3]),
      ),
      ...numberColumn(
        "sum",
        "SimpleAggregateFunction(sum, Float64)",
        Float64Array.from(rows, (row) => row[4]),
      ),
      ...numberColumn(
        "count",
        "SimpleAggregateFunction(sum, UInt64)",
        BigUint64Array.from(rows, (row) => BigInt(row[5])),
      ),
      ...numberColumn(
        "min",
        "SimpleAggregateFunction(min, Float64)",
        Float64Array.from(rows, (row) => row[6]),
      ),
    ]),
  );
}

const allColumns: PointColumns = {
  byName: true,
  together: false,
  name: undefined,
  instance: undefined,
  asReported: false,
  statistic: Statistic.Min,
};

test("adds the minutes of a step up, also where a minute comes in two parts: a counter's sums, a gauge's by the statistic", () => {
  const first: Row[] = [
    ["g", "h", 60, 2, 10, 2, 3],
    ["g", "h", 0, 2, 20, 1, 8],
    ["g", "h", 60, 2, 6, 1, 5],
    ["g", "h", 120, 2, 9, 3, 1],
    ["c", "h", 0, 1, 4, 1, 4],
    ["c", "h", 60, 1, 5, 1, 5],
  ];
  const valuesOf = (statistic: Statistic, ...blocks: Row[][]) =>
    metricRowsFromBlocks(answer(...blocks), allColumns, { ...query, statistic }, 120).map(({ values }) =>
      Array.from(values),
    );
  for (const blocks of [[first], [first.slice(0, 2), [], first.slice(2)]]) {
    assert.deepEqual(valuesOf(Statistic.Mean, ...blocks), [[9, 3], [9]]);
    assert.deepEqual(valuesOf(Statistic.Min, ...blocks), [[3, 1], [9]]);
    assert.deepEqual(valuesOf(Statistic.Max, ...blocks), [[8, 1], [9]]);
    assert.deepEqual(valuesOf(Statistic.Last, ...blocks), [[5, 1], [9]]);
  }
});

test("makes one curve of an instance that reports from two hosts, unless they are split", () => {
  const rows: Row[] = [
    ["g", "h1", 0, 2, 10, 1, 0],
    ["g", "h2", 0, 2, 30, 1, 0],
    ["g", "h2", 120, 2, 7, 1, 0],
  ];
  const curves = (split: MetricSplit, across: Across) =>
    metricRowsFromBlocks(answer(rows), allColumns, { ...query, split, across: () => across }, 120).map(
      ({ host, instance, seconds, values }) => ({
        host,
        instance,
        seconds: Array.from(seconds),
        values: Array.from(values),
      }),
    );
  const one = { host: "", instance: "", seconds: [0, 120] };
  assert.deepEqual(curves(MetricSplit.None, Across.Sum), [{ ...one, values: [40, 7] }]);
  assert.deepEqual(curves(MetricSplit.None, Across.Mean), [{ ...one, values: [20, 7] }]);
  assert.deepEqual(curves(MetricSplit.None, Across.Min), [{ ...one, values: [10, 7] }]);
  assert.deepEqual(curves(MetricSplit.None, Across.Max), [{ ...one, values: [30, 7] }]);
  assert.deepEqual(curves(MetricSplit.Host, Across.Sum), [
    { host: "h1", instance: "", seconds: [0], values: [10] },
    { host: "h2", instance: "", seconds: [0, 120], values: [30, 7] },
  ]);
  assert.equal(curves(MetricSplit.Instance, Across.Sum)[0]!.instance, "i");
});

test("adds curves up that have other steps than each other, and steps in another order than that of time", () => {
  const rows: Row[] = [
    ["g", "h1", 240, 2, 1, 1, 0],
    ["g", "h1", 0, 2, 2, 1, 0],
    ["g", "h2", 120, 2, 10, 1, 0],
    ["g", "h2", 240, 2, 20, 1, 0],
    ["g", "h3", 0, 2, 100, 1, 0],
  ];
  const [curve] = metricRowsFromBlocks(answer(rows), allColumns, query, 120);
  const found = Array.from(curve!.seconds, (second, i): [number, number] => [second, curve!.values[i]!]);
  assert.deepEqual(
    found.sort(([a], [b]) => a - b),
    [
      [0, 102],
      [120, 10],
      [240, 21],
    ],
  );
});

test("takes what is the same in all rows from who asks, and a value as it was reported for all that is known of it", () => {
  const bytes = Buffer.concat([
    blockHead(4, 2),
    ...keyColumn("host", ["h", "h"]),
    ...numberColumn("time", "DateTime('UTC')", Uint32Array.of(0, 10)),
    ...numberColumn("kind", "UInt8", Uint8Array.of(2, 2)),
    ...numberColumn("value", "Float64", Float64Array.of(4, 8)),
  ]);
  const columns: PointColumns = {
    byName: true,
    together: false,
    name: "g",
    instance: "i",
    asReported: true,
    statistic: undefined,
  };
  const asked = { ...query, names: ["g"], split: MetricSplit.Instance };
  const curve = (stepS: number, statistic: Statistic) =>
    metricRowsFromBlocks(bytes, columns, { ...asked, statistic }, stepS).map((row) => ({
      ...row,
      seconds: Array.from(row.seconds),
      values: Array.from(row.values),
    }));
  const row = { name: "g", kind: 2, host: "h", instance: "i" };
  assert.deepEqual(curve(10, Statistic.Last), [{ ...row, seconds: [0, 10], values: [4, 8] }]);
  assert.deepEqual(curve(60, Statistic.Mean), [{ ...row, seconds: [0], values: [6] }]);
  assert.deepEqual(curve(60, Statistic.Max), [{ ...row, seconds: [0], values: [8] }]);
});

test("tells curves apart by the numbers that stand for names, also where these differ in one half only", () => {
  const ids = [1n, 1n, 0x1_0000_0001n, 0x1_0000_0001n, 0x1_0000_0002n];
  const bytes = Buffer.concat([
    blockHead(4, ids.length),
    ...numberColumn("host_id", "UInt64", BigUint64Array.from(ids)),
    ...numberColumn("time", "DateTime('UTC')", Uint32Array.of(0, 10, 0, 10, 0)),
    ...numberColumn("kind", "UInt8", new Uint8Array(5).fill(2)),
    ...numberColumn("value", "Float64", Float64Array.of(1, 2, 3, 4, 5)),
  ]);
  const columns: PointColumns = {
    byName: false,
    together: false,
    name: "7",
    instance: "8",
    asReported: true,
    statistic: undefined,
  };
  const asked = { ...query, names: ["g"], split: MetricSplit.Instance };
  const rows = metricRowsFromBlocks(bytes, columns, asked, 10);
  assert.deepEqual(
    rows.map(({ name, host, instance, values }) => [name, host, instance, ...Array.from(values)]),
    [
      ["7", "1", "8", 1, 2],
      ["7", "4294967297", "8", 3, 4],
      ["7", "4294967298", "8", 5],
    ],
  );
});

test("reads nothing where there is nothing, and refuses a column whose type it does not know", () => {
  assert.deepEqual([...readNative(Buffer.alloc(0))], []);
  assert.deepEqual([...readNative(answer([]))], []);
  const other = Buffer.concat([blockHead(1, 1), ...numberColumn("time", "DateTime64(6, 'UTC')", new Float64Array(1))]);
  assert.throws(() => [...readNative(other)], /column of DateTime64\(6, 'UTC'\)/);
});
