import { expect, test } from "vitest";
import { curvesSpan, parseCurvesSearch, shiftUntil } from "./curves-search.ts";

test("a link restores range, side, split, table, end and hidden curves", () => {
  const search = { range: "1h", side: "callers", split: true, table: true, until: 1_790_000_000_000, hide: ["m"] };
  expect(parseCurvesSearch(search)).toEqual(search);
  const compared = { range: "7d", side: "made", by: "caller", q: "p999", vs: 7 };
  expect(parseCurvesSearch(compared)).toEqual(compared);
});

test("what makes no sense in a link is left out", () => {
  expect(parseCurvesSearch({ range: "9y", side: "x", split: "no", table: 1, until: "soon", hide: "m" })).toEqual({});
  expect(parseCurvesSearch({ range: "live", hide: [1], by: "method", q: "p99", vs: 2 })).toEqual({});
});

test("a range of one's own takes the place of the list's and has a step that fits", () => {
  const now = 1_790_000_000_000;
  const own = { from: now - 600_000, until: now };
  expect(parseCurvesSearch({ ...own, range: "7d" })).toEqual(own);
  expect(parseCurvesSearch({ from: now, until: now - 600_000, range: "7d" })).toEqual({
    range: "7d",
    until: now - 600_000,
  });
  expect(curvesSpan(own, now)).toMatchObject({ spanMs: 600_000, stepS: 1 });
  expect(curvesSpan({ range: "7d" }, now)).toMatchObject({ stepS: 600 });
});

test("a range moves by its own length and ends at now again", () => {
  const now = 1_790_000_030_000;
  const minute = 1_789_999_980_000;
  expect(shiftUntil(undefined, -1, "1h", now)).toBe(minute - 3_600_000);
  expect(shiftUntil(minute - 7_200_000, 1, "1h", now)).toBe(minute - 3_600_000);
  expect(shiftUntil(minute - 3_600_000, 1, "1h", now)).toBeUndefined();
});
