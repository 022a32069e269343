import assert from "node:assert/strict";
import { test } from "node:test";
import { RowWriter } from "../ingest/row-writer.ts";
import { metricRowsFromRows, type PointColumns } from "./metric-rows.ts";
import { Across, MetricSplit, Statistic } from "./metric-statistic.ts";
import { RowReader } from "./row-reader.ts";

type Row = [name: string, host: string, time: number, kind: number, sum: number, count: number, value: number];

const query = { fromMs: 0, toMs: 600_000, stepS: 120, names: ["g", "c"], instance: "i" };

function reader(rows: readonly Row[]): RowReader {
  const out = new RowWriter();
  for (const [name, host, time, kind, sum, count, value] of rows) {
    for (const text of [name, host, "i"]) out.string(text, 100);
    out.uint32(time);
    out.uint8(kind);
    out.float64(sum);
    out.uint64(count);
    out.float64(value);
  }
  return new RowReader(out.bytes());
}

const allColumns: PointColumns = { name: undefined, instance: undefined, asReported: false, hasValue: true };

test("adds the minutes of a step up, also where a minute comes in two parts: a counter's sums, a gauge's by the statistic", () => {
  const rows: Row[] = [
    ["g", "h", 60, 2, 10, 2, 3],
    ["g", "h", 0, 2, 20, 1, 8],
    ["g", "h", 60, 2, 6, 1, 5],
    ["g", "h", 120, 2, 9, 3, 1],
    ["c", "h", 0, 1, 4, 1, 4],
    ["c", "h", 60, 1, 5, 1, 5],
  ];
  const valuesOf = (statistic: Statistic) =>
    metricRowsFromRows(reader(rows), allColumns, { ...query, statistic }, 120).map(({ values }) => values);
  assert.deepEqual(valuesOf(Statistic.Mean), [[9, 3], [9]]);
  assert.deepEqual(valuesOf(Statistic.Min), [[3, 1], [9]]);
  assert.deepEqual(valuesOf(Statistic.Max), [[8, 1], [9]]);
  assert.deepEqual(valuesOf(Statistic.Last), [[5, 1], [9]]);
});

test("makes one curve of an instance that reports from two hosts, unless they are split", () => {
  const rows: Row[] = [
    ["g", "h1", 0, 2, 10, 1, 0],
    ["g", "h2", 0, 2, 30, 1, 0],
    ["g", "h2", 120, 2, 7, 1, 0],
  ];
  const curves = (split: MetricSplit, across: Across) =>
    metricRowsFromRows(reader(rows), allColumns, { ...query, split, across: () => across }, 120).map(
      ({ host, instance, seconds, values }) => ({ host, instance, seconds, values }),
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

test("takes what is the same in all rows from who asks, and a value as it was reported for all that is known of it", () => {
  const out = new RowWriter();
  for (const [time, value] of [
    [0, 4],
    [10, 8],
  ] as const) {
    out.string("h", 100);
    out.uint32(time);
    out.uint8(2);
    out.float64(value);
  }
  const columns: PointColumns = { name: "g", instance: "i", asReported: true, hasValue: false };
  const asked = { ...query, names: ["g"], split: MetricSplit.Instance };
  const curve = (stepS: number, statistic: Statistic) =>
    metricRowsFromRows(new RowReader(out.bytes()), columns, { ...asked, statistic }, stepS);
  const row = { name: "g", kind: 2, host: "h", instance: "i" };
  assert.deepEqual(curve(10, Statistic.Last), [{ ...row, seconds: [0, 10], values: [4, 8] }]);
  assert.deepEqual(curve(60, Statistic.Mean), [{ ...row, seconds: [0], values: [6] }]);
  assert.deepEqual(curve(60, Statistic.Max), [{ ...row, seconds: [0], values: [8] }]);
});
