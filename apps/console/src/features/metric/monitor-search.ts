import { daysBeforeMs, ownStepS, parseMoment, parseOwnRange, pastMs } from "../../lib/own-range.ts";

const DAY_MS = 86_400_000;

/** The ranges of the monitor page. */
export const MonitorRange = {
  Live: "live",
  Hour: "1h",
  Hours6: "6h",
  Day: "24h",
  Week: "7d",
  Month: "30d",
} as const;
/** One of the ranges of the monitor page. */
export type MonitorRange = (typeof MonitorRange)[keyof typeof MonitorRange];

/** What a curve shows of a gauge in one step. */
export const GaugeStatistic = { Mean: "mean", Min: "min", Max: "max", Last: "last" } as const;
/** What a curve shows of a gauge in one step. */
export type GaugeStatistic = (typeof GaugeStatistic)[keyof typeof GaugeStatistic];

/** Which curves one attribute has. */
export const CurveSplit = { Instance: "instance", Host: "host" } as const;
/** Which curves one attribute has. */
export type CurveSplit = (typeof CurveSplit)[keyof typeof CurveSplit];

/** Days back with which a range can be compared. */
export const compareDays = [1, 2, 3, 7, 14, 28] as const;

/** What a link to the monitor page restores: everything that it shows. */
export interface MonitorSearch {
  readonly service?: string;
  readonly instance?: string;
  readonly host?: string;
  /** Names with `;` between them, or a regular expression that begins with `^`; absent: all. */
  readonly names?: string;
  /** Default one hour. */
  readonly range?: MonitorRange;
  /** End of the range, milliseconds since 1970 UTC; absent: now, and moving. */
  readonly until?: number;
  /** Start of a range of one's own, which ends with `until`; there is no `range` then. */
  readonly from?: number;
  /** The same range so many days before, drawn with it. */
  readonly vs?: number;
  readonly split?: CurveSplit;
  /** Default the mean. */
  readonly stat?: GaugeStatistic;
  /** The attribute whose minutes are shown as a table. */
  readonly table?: string;
  /** The table has the minutes without a value, too. */
  readonly zeros?: true;
  /** Curves that are switched off, each as `hiddenCurve` writes it. */
  readonly hide?: readonly string[];
}

/** A curve of an attribute as the address names it. */
export function hiddenCurve(attribute: string, curve: string): string {
  return `${attribute}|${curve}`;
}

const HIDDEN_MAX = 100;

/** The U, S and F of the original, by the names that they stand for: what developers, hosts and the framework report. */
export const families = [
  { name: "usr", pattern: "^usr.*$" },
  { name: "sys", pattern: "^sys.*$" },
  { name: "frm", pattern: "^frm.*$" },
] as const;

/** Length and resolution of each range, and how often to ask again while it moves. */
export const monitorSteps: Readonly<
  Record<MonitorRange, { readonly spanMs: number; readonly stepS: number; readonly pollMs: number }>
> = {
  live: { spanMs: 15 * 60_000, stepS: 10, pollMs: 5_000 },
  "1h": { spanMs: 3_600_000, stepS: 10, pollMs: 10_000 },
  "6h": { spanMs: 6 * 3_600_000, stepS: 60, pollMs: 30_000 },
  "24h": { spanMs: 24 * 3_600_000, stepS: 60, pollMs: 60_000 },
  "7d": { spanMs: 7 * 86_400_000, stepS: 600, pollMs: 300_000 },
  "30d": { spanMs: 30 * 86_400_000, stepS: 3_600, pollMs: 600_000 },
};

const textKeys = ["service", "instance", "host", "names", "table"] as const;

/** Reads the search parameters of the monitor page; what does not make sense is left out. */
export function parseMonitorSearch(search: Record<string, unknown>): MonitorSearch {
  const one = (values: readonly unknown[], value: unknown) => (values.includes(value) ? value : undefined);
  const texts = textKeys.map((key) => {
    const value = search[key];
    return [key, typeof value === "string" && value !== "" ? value.slice(0, 2_000) : undefined];
  });
  const hide = Array.isArray(search.hide)
    ? search.hide.filter((name): name is string => typeof name === "string" && name.length <= 400).slice(0, HIDDEN_MAX)
    : [];
  const own = parseOwnRange(search);
  const range = one(Object.values(MonitorRange), search.range);
  return withoutAbsent({
    ...Object.fromEntries(texts),
    from: own?.from,
    range: own !== undefined || range === MonitorRange.Hour ? undefined : range,
    until: parseMoment(search.until),
    vs: one(compareDays, search.vs),
    split: one(Object.values(CurveSplit), search.split),
    stat: search.stat === GaugeStatistic.Mean ? undefined : one(Object.values(GaugeStatistic), search.stat),
    zeros: search.zeros === true ? true : undefined,
    hide: hide.length > 0 ? hide : undefined,
  });
}

/** A search with some parts changed; `undefined` takes a part away. */
export function changeSearch(
  search: MonitorSearch,
  change: { readonly [Key in keyof MonitorSearch]?: MonitorSearch[Key] | undefined },
): MonitorSearch {
  return withoutAbsent({ ...search, ...change });
}

function withoutAbsent(search: Record<string, unknown>): MonitorSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== ""));
}

/** A range of whole steps: `fromMs <= t < toMs`. */
export interface MonitorGrid {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepS: number;
}

/** Samples of a step are in the store about this long after it. */
const SETTLE_MS = 3_000;

/**
 * The range to ask for: it ends with the last step that is complete.
 *
 * @param nowMs  the server's clock
 * @param stepS  another step than the range's
 */
export function monitorGrid(search: MonitorSearch, nowMs: number, stepS?: number): MonitorGrid {
  const { spanMs, stepS: usual } = monitorSpan(search, nowMs);
  const step = stepS ?? usual;
  const endMs = Math.min(search.until ?? nowMs, nowMs - SETTLE_MS);
  const stepMs = step * 1_000;
  const toMs = Math.floor(endMs / stepMs) * stepMs;
  return { fromMs: toMs - Math.ceil(spanMs / stepMs) * stepMs, toMs, stepS: step };
}

// Metrics of hosts and processes come every ten seconds.
const FINEST_S = 10;

/** Length and step of a page's range, and how often it asks again while it moves. @param nowMs the server's clock */
export function monitorSpan({ range, from, until }: MonitorSearch, nowMs: number): (typeof monitorSteps)[MonitorRange] {
  const usual = monitorSteps[range ?? MonitorRange.Hour];
  if (from === undefined || until === undefined) {
    // Days of the calendar are whole ones, also where summer time begins or ends.
    const days = until === undefined || !isMidnight(until) ? 0 : Math.floor(usual.spanMs / DAY_MS);
    return days === 0 ? usual : { ...usual, spanMs: daysBeforeMs(until!, days) };
  }
  return {
    spanMs: pastMs({ from, until }, nowMs),
    stepS: ownStepS({ from, until }, nowMs, FINEST_S),
    pollMs: usual.pollMs,
  };
}

/**
 * The same page with its range earlier or later; one's own keeps its length and stands still.
 *
 * @param byMs  how far, negative for earlier
 */
export function movedSearch(search: MonitorSearch, byMs: number, nowMs: number): MonitorSearch {
  const { from, until } = search;
  if (from === undefined || until === undefined)
    return changeSearch(search, { until: movedUntil(search, byMs, nowMs) });
  const by = Math.min(byMs, Math.floor(nowMs) - until);
  return changeSearch(search, { from: from + by, until: until + by });
}

/**
 * The end of the range earlier or later.
 *
 * @param byMs  how far, negative for earlier; whole days are days of the calendar, which may have 23 or 25 hours
 * @returns undefined when that would be now or later: the range moves again
 */
export function movedUntil(search: Pick<MonitorSearch, "until">, byMs: number, nowMs: number): number | undefined {
  const end = Math.floor((search.until ?? nowMs) / 60_000) * 60_000;
  const moved = byMs % DAY_MS === 0 ? end - daysBeforeMs(end, -byMs / DAY_MS) : end + byMs;
  return moved >= nowMs - 60_000 ? undefined : moved;
}

function isMidnight(ms: number): boolean {
  const date = new Date(ms);
  return date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
}

/** The day that a range ends in, as `<input type="date">` has it, in the browser's time zone. */
export function dayOf(ms: number): string {
  const date = new Date(ms - 1);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, "0"))
    .join("-");
}

/** The end of a day of `<input type="date">`; undefined for today and later, which is now. */
export function endOfDay(day: string, nowMs: number): number | undefined {
  const [year, month, date] = day.split("-").map(Number);
  if (year === undefined || month === undefined || date === undefined) return undefined;
  const end = new Date(year, month - 1, date + 1).getTime();
  return Number.isFinite(end) && end < nowMs ? end : undefined;
}
