import { expect, test } from "vitest";
import { metricLines, onTimesOf } from "./chart-lines.ts";
import type { MetricCurve, MetricCurves } from "./queries.ts";

const curve = (instance: string, values: (number | null)[], isCounter = true): MetricCurve => ({
  name: "usr.a",
  isCounter,
  host: instance === "" ? "" : "h",
  instance,
  values,
});
const answer = (curves: MetricCurve[], timesMs = [0, 60_000], stepS = 60): MetricCurves => ({
  timesMs,
  stepS,
  byName: new Map([["usr.a", curves]]),
  truncated: false,
});

test("one line for each curve, the highest first, and dashed the same days before", () => {
  const now = answer([curve("i1", [1, 2]), curve("i2", [9, 1])]);
  const before = { curves: answer([curve("i2", [5, null])]), label: "1 day before" };
  expect(metricLines("usr.a", now, "all", before).map(({ label, values, dashed }) => [label, values, dashed])).toEqual([
    ["i2 @ h", [9, 1], undefined],
    ["1 day before", [5, null], true],
    ["i1 @ h", [1, 2], undefined],
  ]);
  expect(metricLines("usr.none", now, "all")).toEqual([]);
});

test("a coarser answer before is laid on the times of now, a counter in parts", () => {
  const target = { timesMs: [0, 10_000, 60_000], stepS: 10 };
  const source = { timesMs: [0, 60_000], stepS: 60 };
  expect(onTimesOf(target, source, { values: [6, 12], isCounter: true })).toEqual([1, 1, 2]);
  expect(onTimesOf(target, source, { values: [6, null], isCounter: false })).toEqual([6, 6, null]);
});
