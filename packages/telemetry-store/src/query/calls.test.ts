import assert from "node:assert/strict";
import { test } from "node:test";
import { seriesFromRows, timeAxis } from "./calls.ts";

test("widens a range to whole steps", () => {
  const axis = timeAxis({ fromMs: 61_500, toMs: 180_001, stepS: 60 });
  assert.deepEqual(axis, { fromS: 60, toS: 240, stepS: 60, timeMs: [60_000, 120_000, 180_000] });
});

test("spreads points over the axis, zero where nothing was called", () => {
  const axis = timeAxis({ fromMs: 0, toMs: 30_000, stepS: 10 });
  const [series] = seriesFromRows([{ service: "A.b", method: "", instance: "", points: [[10, 5, 1, 2.5, 9]] }], axis);
  assert.deepEqual(series, {
    service: "A.b",
    method: "",
    instance: "",
    calls: [0, 5, 0],
    failures: [0, 1, 0],
    p50Ms: [0, 2.5, 0],
    p99Ms: [0, 9, 0],
  });
});

const day = 86_400_000;
const refused: [fromMs: number, toMs: number, stepS: number, message: RegExp][] = [
  [0, 1_000, 2, /step_s 2 must be one of 1, 10, 60, 600, 3600/],
  [0, 1_000, 0, /step_s 0/],
  [1_000, 1_000, 1, /from_ms 1000 must be before to_ms 1000/],
  [-1, 1_000, 1, /from_ms -1/],
  [Number.NaN, 1_000, 1, /from_ms NaN/],
  [0, Number.POSITIVE_INFINITY, 1, /to_ms Infinity/],
  [0, 31 * day + 1, 3_600, /must be at most 31 days/],
  [0, 5_001_000, 1, /step_s 1 gives 5001 points: at most 5000/],
];
for (const [fromMs, toMs, stepS, message] of refused) {
  test(`refuses ${fromMs}…${toMs} by ${stepS}`, () => {
    assert.throws(() => timeAxis({ fromMs, toMs, stepS }), { name: "InvalidQuery", message });
  });
}
