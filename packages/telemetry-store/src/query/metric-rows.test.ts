import assert from "node:assert/strict";
import { test } from "node:test";
import { RowWriter } from "../ingest/row-writer.ts";
import { metricRowsFromRows } from "./metric-rows.ts";
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
    for (const number of [sum, count, value]) out.float64(number);
  }
  return new RowReader(out.bytes());
}

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
    metricRowsFromRows(reader(rows), { ...query, statistic }, 120).map(({ values }) => values);
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
    metricRowsFromRows(reader(rows), { ...query, split, across: () => across }, 120).map(
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
