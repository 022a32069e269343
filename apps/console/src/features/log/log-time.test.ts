import assert from "node:assert/strict";
import { test } from "vitest";
import { readLogTime, shiftedRange, widerRange } from "./log-time.ts";

const now = new Date(2026, 10, 22, 15, 30, 0).getTime();
const at = (...[year, month, day, hour = 0, minute = 0, second = 0, ms = 0]: [number, number, number, ...number[]]) =>
  new Date(year, month, day, hour, minute, second, ms).getTime();

test("a time is read as it stands in clocks, logs, tickets and timestamps", () => {
  const cases: [string, number, number][] = [
    ["14:03:20", at(2026, 10, 22, 14, 3, 20), 60_000],
    [" 14：03 ", at(2026, 10, 22, 14, 3), 600_000],
    ["14:03:20.417", at(2026, 10, 22, 14, 3, 20, 417), 60_000],
    ["23:59", at(2026, 10, 21, 23, 59), 600_000],
    ["11-20 08:00", at(2026, 10, 20, 8), 600_000],
    ["12/31 08:00", at(2025, 11, 31, 8), 600_000],
    ["2026-11-20 08:00:01,5", at(2026, 10, 20, 8, 0, 1, 500), 60_000],
    ["2026-11-20T08:00:01Z", Date.UTC(2026, 10, 20, 8, 0, 1), 60_000],
    ["2026-11-20 08:00:01 +0800", Date.UTC(2026, 10, 20, 0, 0, 1), 60_000],
    ["1795000000", 1_795_000_000_000, 60_000],
    ["1795000000123", 1_795_000_000_123, 60_000],
    ["1795000000123456", 1_795_000_000_123, 60_000],
    ["-15m", now - 900_000, 60_000],
    ["2h ago", now - 7_200_000, 600_000],
  ];
  for (const [text, ms, aroundMs] of cases) assert.deepEqual(readLogTime(text, now), { at: ms, aroundMs }, text);
});

test("a range is two times, or a day", () => {
  const range = { from: at(2026, 10, 22, 14, 3), to: at(2026, 10, 22, 14, 10) };
  for (const text of ["14:03 - 14:10", "14:03~14:10", "14:03..14:10", "14:03 to 14:10", "14:03 至 14:10"])
    assert.deepEqual(readLogTime(text, now), range, text);
  assert.deepEqual(readLogTime("11-20 23:00 - 11-21 01:00", now), {
    from: at(2026, 10, 20, 23),
    to: at(2026, 10, 21, 1),
  });
  assert.deepEqual(readLogTime("2026-11-20", now), { from: at(2026, 10, 20), to: at(2026, 10, 21) });
});

test("what is no time is none", () => {
  for (const text of [
    "",
    "soon",
    "25:00",
    "14:60",
    "14",
    "13-40 10:00",
    "14:10 - 14:03",
    "1 2 3",
    "--",
    "-15x",
    "12345",
  ])
    assert.equal(readLogTime(text, now), undefined, text);
});

test("ranges are left and right of each other, and widened not beyond now", () => {
  const range = { from: now - 20_000, to: now - 10_000 };
  assert.deepEqual(shiftedRange(range, -1, now), { from: now - 30_000, to: now - 20_000 });
  assert.deepEqual(shiftedRange(range, 1, now), { from: now - 10_000, to: now });
  assert.equal(shiftedRange({ from: now - 10_000, to: now }, 1, now), undefined);
  assert.deepEqual(widerRange(range, now), { from: now - 30_000, to: now });
  const old = { from: now - 100_000, to: now - 90_000 };
  assert.deepEqual(widerRange(old, now), { from: now - 110_000, to: now - 80_000 });
  const week = { from: now - 7 * 86_400_000, to: now };
  assert.deepEqual(widerRange(week, now), week);
});
