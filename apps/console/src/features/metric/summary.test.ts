import { expect, test } from "vitest";
import { metricFormat } from "./metric-format.ts";
import { daySummaries, differenceText, summaryOf } from "./summary.ts";

test("the mean is that of the minutes in which there was something", () => {
  expect(summaryOf([0, 4, null, 2, 0])).toEqual({ sum: 6, max: 4, min: 2, mean: 3, steps: 2 });
  expect(summaryOf([0, null]).mean).toBeNaN();
});

test("a week has a sum, a greatest and a least of each day", () => {
  const first = new Date(2026, 10, 20, 23, 0).getTime();
  const times = [0, 30, 60, 90].map((minutes) => first + minutes * 60_000);
  const days = daySummaries(times, [1, 2, 3, 5]);
  expect(days.map(({ sum, max, min }) => [sum, max, min])).toEqual([
    [3, 2, 1],
    [8, 5, 3],
  ]);
});

test("a difference has its sign and its share of what was before", () => {
  const text = (now: number | null, before: number | null) => differenceText(metricFormat("ms"), now, before);
  expect([
    text(3, 2),
    text(2, 3),
    text(2, 2),
    text(2, 0),
    text(null, 2),
    text(Number.NaN, 2),
    text(90, 1),
    text(1_001, 1_000),
  ]).toEqual([
    "+1.00 ms (+50 %)",
    "−1.00 ms (−33 %)",
    "0",
    "+2.00 ms",
    "–",
    "–",
    "+89.0 ms (>+999 %)",
    "+1.00 ms (<1 %)",
  ]);
});

test("values are written by their unit, large ones short", () => {
  expect(metricFormat("percent")(12.34)).toBe("12.3 %");
  expect(metricFormat("bytes")(2048)).toBe("2.00 KiB");
  expect(metricFormat("ms")(1.5)).toBe("1.50 ms");
  expect(metricFormat("")(1_234_567)).toBe("1.2 M");
  expect(metricFormat("count")(0.25)).toBe("0.25");
});
