import { expect, test } from "vitest";
import { isNarrowed, parseRequestsSearch, requestTimes } from "./requests-search.ts";

test("a link restores every filter of the list", () => {
  const search = {
    ...{
      from: 1_790_000_000_000,
      to: 1_790_000_060_000,
      service: "F.f",
      method: "a.b",
      caller: "W.w",
      callerInstance: "1.2.3.5:6",
      instance: "1.2.3.4:5",
      host: "h",
    },
    ...{ failed: true, code: 4, min: 1.5, max: 20, where: "uid = 7", order: "slowest" },
  };
  expect(parseRequestsSearch(search)).toEqual(search);
  expect(isNarrowed(parseRequestsSearch(search))).toBe(true);
});

test("what does not make sense is left out", () => {
  const wrong = {
    service: 3,
    failed: "yes",
    from: 1_790_000_060_000,
    to: 1_790_000_000_000,
    code: 99,
    min: -1,
    max: "x",
    order: "oldest",
    range: "9y",
  };
  expect(parseRequestsSearch({ ...wrong, where: " ", more: 1 })).toEqual({});
  expect(isNarrowed(parseRequestsSearch({ range: "6h", order: "slowest" }))).toBe(false);
});

test("a range of its own stands still, others end now", () => {
  expect(requestTimes({ from: 1, to: 2 }, 99)).toEqual({ fromMs: 1, toMs: 2 });
  expect(requestTimes({}, 7_200_000)).toEqual({ fromMs: 3_600_000, toMs: 7_260_000 });
});

test("a list that stands still is read back with its time, where it would move at all", () => {
  expect(parseRequestsSearch({ paused: 1_790_000_000_000 })).toEqual({ paused: 1_790_000_000_000 });
  expect(requestTimes({ paused: 7_200_000 }, 9e9)).toEqual({ fromMs: 3_600_000, toMs: 7_200_000 });
  expect(isNarrowed({ paused: 7 })).toBe(false);
  expect(parseRequestsSearch({ paused: 1_790_000_000_000, order: "slowest" })).toEqual({ order: "slowest" });
  expect(parseRequestsSearch({ paused: -1, from: 1_790_000_000 })).toEqual({});
});
