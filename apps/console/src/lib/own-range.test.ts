import { expect, test } from "vitest";
import { chosenRange, ownStepS, parseOwnRange, widerRange } from "./own-range.ts";

const HOUR = 3_600_000;
const now = Date.UTC(2026, 10, 22);

test("an address with a reversed, empty, endless or half range has none", () => {
  expect(parseOwnRange({ from: now - HOUR, until: now })).toEqual({ from: now - HOUR, until: now });
  for (const absurd of [
    { from: now, until: now - HOUR },
    { from: now, until: now },
    { from: 1, until: now },
    { from: -HOUR, until: HOUR },
    { from: now - HOUR },
    { until: now },
    { from: String(now - HOUR), until: String(now) },
    { from: now / 1_000 - 3_600, until: now / 1_000 },
    { from: now - 201 * 24 * HOUR, until: now },
    { from: 1e300, until: 2e300 },
  ])
    expect(parseOwnRange(absurd)).toBeUndefined();
});

test("what is dragged over is at least a minute and never in the future, in whichever direction", () => {
  expect(chosenRange(now - HOUR, now - HOUR / 2, now)).toEqual({ from: now - HOUR, until: now - HOUR / 2 });
  expect(chosenRange(now - HOUR / 2, now - HOUR, now)).toEqual({ from: now - HOUR, until: now - HOUR / 2 });
  expect(chosenRange(now - 5_000, now + HOUR, now)).toEqual({ from: now - 60_000, until: now });
});

test("a wider range is twice as long around the same middle, as far as there is something", () => {
  expect(widerRange({ from: now - 3 * HOUR, until: now - 2 * HOUR }, now)).toEqual({
    from: now - 3.5 * HOUR,
    until: now - 1.5 * HOUR,
  });
  expect(widerRange({ from: now - HOUR, until: now }, now)).toEqual({ from: now - 2 * HOUR, until: now });
});

test("steps are as fine as there is room for and as such steps are kept", () => {
  const step = (spanMs: number, agoMs = 0, finest: 1 | 10 = 1) =>
    ownStepS({ from: now - agoMs - spanMs, until: now - agoMs }, now, finest);
  expect([HOUR / 12, HOUR, 24 * HOUR, 168 * HOUR, 700 * HOUR].map((span) => step(span))).toEqual([
    1, 10, 60, 600, 3_600,
  ]);
  expect(step(HOUR / 12, 0, 10)).toBe(10);
  expect(step(HOUR / 12, 72 * HOUR)).toBe(60);
  expect(step(HOUR, 800 * HOUR)).toBe(3_600);
});
