import assert from "node:assert/strict";
import { test } from "node:test";
import { callLimits, seriesFromRows } from "./calls.ts";
import { timeAxis } from "./time-axis.ts";

test("widens a range to whole steps", () => {
  const axis = timeAxis({ fromMs: 61_500, toMs: 180_001, stepS: 60 }, callLimits);
  assert.deepEqual(axis, { fromS: 60, toS: 240, stepS: 60, timeMs: [60_000, 120_000, 180_000] });
});

test("spreads points over the axis, zero where nothing was called", () => {
  const axis = timeAxis({ fromMs: 0, toMs: 30_000, stepS: 10 }, callLimits);
  const names = { service: "A.b", method: "", instance: "", caller: "", callerInstance: "" };
  const row = {
    ...names,
    seconds: [10],
    calls: [5],
    failures: [1],
    meanMs: [3],
    p50Ms: [2],
    p90Ms: [4],
    p99Ms: [9],
    p999Ms: [9],
  };
  assert.deepEqual(seriesFromRows([row], axis), [
    {
      ...names,
      calls: [0, 5, 0],
      failures: [0, 1, 0],
      meanMs: [0, 3, 0],
      p50Ms: [0, 2, 0],
      p90Ms: [0, 4, 0],
      p99Ms: [0, 9, 0],
      p999Ms: [0, 9, 0],
    },
  ]);
});

const day = 86_400_000;
const refused: [fromMs: number, toMs: number, stepS: number, message: RegExp][] = [
  [0, 1_000, 2, /step_s 2 must be one of 1, 10, 60, 600, 3600/],
  [0, 1_000, 0, /step_s 0/],
  [1_000, 1_000, 1, /from_ms 1000 must be before to_ms 1000/],
  [-1, 1_000, 1, /from_ms -1/],
  [Number.NaN, 1_000, 1, /from_ms NaN/],
  [0, Number.POSITIVE_INFINITY, 1, /to_ms Infinity/],
  [0, 732 * day, 3_600, /must be at most 731 days/],
  [0, 5_001_000, 1, /step_s 1 gives 5001 points: at most 5000/],
];
for (const [fromMs, toMs, stepS, message] of refused) {
  test(`refuses ${fromMs}…${toMs} by ${stepS}`, () => {
    assert.throws(() => timeAxis({ fromMs, toMs, stepS }, callLimits), { name: "InvalidQuery", message });
  });
}
