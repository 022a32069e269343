import { expect, test } from "vitest";
import { readLogTime } from "../log/log-time.ts";
import {
  changeSearch,
  dayOf,
  endOfDay,
  hiddenCurve,
  monitorGrid,
  movedSearch,
  movedUntil,
  parseMonitorSearch,
} from "./monitor-search.ts";

test("keeps what makes sense of an address and nothing else", () => {
  const search = {
    service: "A.b",
    names: "^usr.*$",
    range: "24h",
    vs: 7,
    split: "host",
    stat: "max",
    until: 1_799_000_000_000,
    table: "usr.a",
    zeros: true,
    hide: [hiddenCurve("usr.a", "10.0.0.1:80")],
  };
  expect(parseMonitorSearch(search)).toEqual(search);
  expect(
    parseMonitorSearch({
      service: 3,
      names: "",
      range: "5y",
      vs: 5,
      split: "x",
      stat: "mean",
      until: 5,
      zeros: 1,
      hide: [7],
      other: 1,
    }),
  ).toEqual({});
  expect(changeSearch({ service: "A.b", vs: 1 }, { vs: undefined, host: "h" })).toEqual({ service: "A.b", host: "h" });
});

test("a range ends with the last whole step, or where it was asked to end", () => {
  const now = 1_800_000_007_000;
  expect(monitorGrid({ range: "live" }, now)).toEqual({
    fromMs: 1_799_999_100_000,
    toMs: 1_800_000_000_000,
    stepS: 10,
  });
  const grid = monitorGrid({ range: "24h", until: 1_799_000_040_000 }, now);
  expect(grid).toEqual({ fromMs: 1_798_913_640_000, toMs: 1_799_000_040_000, stepS: 60 });
  expect(monitorGrid({ range: "7d" }, now, 60).stepS).toBe(60);
});

test("moves by a day or a week, and back to now", () => {
  const now = 1_800_000_000_000;
  const yesterday = movedUntil({}, -86_400_000, now);
  expect(yesterday).toBe(now - 86_400_000);
  expect(movedUntil({ until: yesterday! }, 86_400_000, now)).toBeUndefined();
});

test("a day of 23 or 25 hours is shown whole, and days before and after it end when it does", () => {
  const zone = process.env.TZ;
  process.env.TZ = "Europe/Berlin";
  try {
    const now = Date.parse("2026-11-22T12:00:00Z");
    const hours = (day: string, range: "24h" | "7d" = "24h") => {
      const { fromMs, toMs } = monitorGrid({ range, until: endOfDay(day, now)! }, now);
      return (toMs - fromMs) / 3_600_000;
    };
    expect(["2026-03-28", "2026-03-29", "2026-10-25", "2026-10-26"].map((day) => hours(day))).toEqual([24, 23, 25, 24]);
    expect(hours("2026-10-25", "7d")).toBe(169);
    const end = (day: string) => endOfDay(day, now)!;
    expect(movedUntil({ until: end("2026-10-25") }, -86_400_000, now)).toBe(end("2026-10-24"));
    expect(movedUntil({ until: end("2026-10-24") }, 86_400_000, now)).toBe(end("2026-10-25"));
    expect(movedUntil({ until: end("2026-10-27") }, -7 * 86_400_000, now)).toBe(end("2026-10-20"));
    expect(movedUntil({ until: end("2026-10-25") }, -3_600_000, now)).toBe(end("2026-10-25") - 3_600_000);
    // An hour of the day, where today it is still to come, is yesterday's.
    const sunday = Date.parse("2026-10-26T08:00:00+01:00");
    expect(readLogTime("09:15", sunday)).toMatchObject({ at: Date.parse("2026-10-25T09:15:00+01:00") });
    const monday = Date.parse("2026-10-25T08:00:00+01:00");
    expect(readLogTime("09:15", monday)).toMatchObject({ at: Date.parse("2026-10-24T09:15:00+02:00") });
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});

test("a range of one's own takes the place of the list's, has a step that fits, and moves by its length up to now", () => {
  const now = 1_800_000_000_000;
  const own = { from: now - 7_200_000, until: now - 3_600_000 };
  expect(parseMonitorSearch({ ...own, range: "7d" })).toEqual(own);
  expect(parseMonitorSearch({ from: own.until, until: own.from })).toEqual({ until: own.from });
  expect(monitorGrid(own, now)).toEqual({ fromMs: own.from, toMs: own.until, stepS: 10 });
  expect(monitorGrid({ from: now - 3_600_000, until: now + 3_600_000 }, now)).toEqual({
    fromMs: now - 3_610_000,
    toMs: now - 10_000,
    stepS: 10,
  });
  expect(movedSearch(own, 3_600_000, now)).toEqual({ from: own.until, until: now });
  expect(movedSearch(own, 86_400_000, now)).toEqual({ from: own.until, until: now });
});

test("a day of the calendar is a range that ends with it, today is now", () => {
  const noon = new Date(2026, 10, 22, 12).getTime();
  const end = endOfDay("2026-11-20", noon);
  expect(end).toBe(new Date(2026, 10, 21).getTime());
  expect(dayOf(end!)).toBe("2026-11-20");
  expect(endOfDay("2026-11-22", noon)).toBeUndefined();
  expect(endOfDay("", noon)).toBeUndefined();
});
