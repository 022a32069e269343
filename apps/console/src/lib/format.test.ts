import { expect, test } from "vitest";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatElapsed,
  formatPercent,
  formatRange,
  formatRate,
  formatTick,
  formatZone,
} from "./format.ts";

test("a duration has three digits and the unit that fits", () => {
  const cases: [number, string][] = [
    [0, "0 µs"],
    [640, "640 µs"],
    [999.6, "1.00 ms"],
    [3420, "3.42 ms"],
    [34_200, "34.2 ms"],
    [342_000, "342 ms"],
    [1_230_000, "1.23 s"],
    [125_000_000, "2 m 05 s"],
    [-1, "–"],
    [Number.NaN, "–"],
  ];
  for (const [us, text] of cases) expect(formatDuration(us)).toBe(text);
});

test("elapsed time shows its two greatest units, in both languages", () => {
  expect(formatElapsed(0, "en")).toBe("0s");
  expect(formatElapsed(65_000, "en")).toBe("1m 5s");
  expect(formatElapsed(60_000, "en")).toBe("1m");
  expect(formatElapsed(3 * 86_400_000 + 4 * 3_600_000 + 59_000, "en")).toBe("3d 4h");
  expect(formatElapsed(65_000, "zh")).toBe("1 分 5 秒");
  expect(formatElapsed(3 * 86_400_000 + 4 * 3_600_000, "zh")).toBe("3 天 4 时");
  expect(formatElapsed(-5, "en")).toBe("0s");
  expect(formatElapsed(Number.NaN, "zh")).toBe("–");
});

test("an age says how long ago, in both languages", () => {
  expect(formatAge(900, "en")).toBe("just now");
  expect(formatAge(12_000, "en")).toBe("12s ago");
  expect(formatAge(900, "zh")).toBe("刚刚");
  expect(formatAge(12_000, "zh")).toBe("12 秒前");
});

test("bytes use binary units", () => {
  expect(formatBytes(0)).toBe("0 B");
  expect(formatBytes(512)).toBe("512 B");
  expect(formatBytes(1024)).toBe("1.00 KiB");
  expect(formatBytes(50_541_363)).toBe("48.2 MiB");
  expect(formatBytes(24 * 2 ** 30)).toBe("24.0 GiB");
  expect(formatBytes(-1)).toBe("–");
});

test("a rate, a count and a part never hide something small as nothing", () => {
  expect(formatRate(0)).toBe("0");
  expect(formatRate(0.01)).toBe("<0.1");
  expect(formatRate(12.5)).toBe("12.5");
  expect(formatRate(1204.4)).toBe("1,204");
  expect([3, 0.5, 1204].map(formatTick)).toEqual(["3", "0.5", "1,204"]);
  expect(formatCount(1_234_567)).toBe("1,234,567");
  expect(formatPercent(0)).toBe("0 %");
  expect(formatPercent(0.00002)).toBe("<0.01 %");
  expect(formatPercent(0.0002)).toBe("0.02 %");
  expect(formatPercent(0.125)).toBe("12.5 %");
  expect(formatPercent(1)).toBe("100 %");
  expect(formatPercent(0 / 0)).toBe("–");
});

test("a range names its second day only where it is another, and the zone says how far from UTC it is", () => {
  const start = new Date(2026, 10, 22, 23, 30).getTime();
  expect(formatRange(start, start + 20 * 60_000)).toBe("2026-11-22 23:30 – 23:50");
  expect(formatRange(start, start + 45 * 60_000, true)).toBe("2026-11-22 23:30:00 – 2026-11-23 00:15:00");
  expect(formatZone(start)).toMatch(/^UTC([+−]\d{1,2}(:\d\d)?)?$/);
});
