import { type OwnRange, ownStepS, parseMoment, parseOwnRange, pastMs } from "../../lib/own-range.ts";

/** The ranges of the curves page. */
export const CurveRange = { Live: "live", Minutes15: "15m", Hour: "1h", Hours6: "6h", Day: "24h", Week: "7d" } as const;
/** One of the ranges of the curves page. */
export type CurveRange = (typeof CurveRange)[keyof typeof CurveRange];

/** Which calls: those to a service as it counted them, or as those that made them did; or those that it makes itself. */
export const CurveSide = { Served: "served", Callers: "callers", Made: "made" } as const;
/** Which calls, and who counted them. */
export type CurveSide = (typeof CurveSide)[keyof typeof CurveSide];

/** What each curve is of. */
export const CurveBy = { Method: "method", Caller: "caller", Service: "service" } as const;
/** What each curve is of. */
export type CurveBy = (typeof CurveBy)[keyof typeof CurveBy];

/** Percentiles of latency that can be chosen; the median is always there. */
export const curveQuantiles = ["p90", "p99", "p999"] as const;

/** What a link to the curves page restores. */
export interface CurvesSearch {
  /** Default live. */
  readonly range?: CurveRange;
  /** Who counted the calls to the service; absent: the service itself, or its callers where it is external. */
  readonly side?: CurveSide;
  /** Default a curve for each method; for each caller: the edges of the service map; for the service: one in all. */
  readonly by?: CurveBy;
  /** Default p99. */
  readonly q?: (typeof curveQuantiles)[number];
  /** The same range so many days before, 1 or 7, drawn with it. */
  readonly vs?: 1 | 7;
  /** One curve for each instance. */
  readonly split?: true;
  /** Show the values as a table. */
  readonly table?: true;
  /** End of the range, milliseconds since 1970 UTC; absent: now, and moving. */
  readonly until?: number;
  /** Start of a range of one's own, which ends with `until`; there is no `range` then. */
  readonly from?: number;
  /** Curves that are switched off. */
  readonly hide?: readonly string[];
}

/** Length and resolution of each range. Ranges but the live one are per minute, a week by ten minutes. */
export const rangeSteps: Readonly<
  Record<CurveRange, { readonly spanMs: number; readonly stepS: number; readonly pollMs: number }>
> = {
  live: { spanMs: 5 * 60_000, stepS: 1, pollMs: 1000 },
  "15m": { spanMs: 15 * 60_000, stepS: 60, pollMs: 10_000 },
  "1h": { spanMs: 60 * 60_000, stepS: 60, pollMs: 15_000 },
  "6h": { spanMs: 6 * 60 * 60_000, stepS: 60, pollMs: 20_000 },
  "24h": { spanMs: 24 * 60 * 60_000, stepS: 60, pollMs: 30_000 },
  "7d": { spanMs: 7 * 24 * 60 * 60_000, stepS: 600, pollMs: 120_000 },
};

/** Reads the search parameters of the curves page; what does not make sense is left out. */
export function parseCurvesSearch(search: Record<string, unknown>): CurvesSearch {
  const ranges: readonly unknown[] = Object.values(CurveRange);
  const sides: readonly unknown[] = Object.values(CurveSide);
  const until = parseMoment(search.until);
  const hide = Array.isArray(search.hide) ? search.hide.filter((id): id is string => typeof id === "string") : [];
  const own = parseOwnRange(search);
  return {
    ...(own === undefined ? {} : { from: own.from }),
    ...(own === undefined && ranges.includes(search.range) && search.range !== CurveRange.Live
      ? { range: search.range as CurveRange }
      : {}),
    ...(sides.includes(search.side) ? { side: search.side as CurveSide } : {}),
    ...(search.by === CurveBy.Caller || search.by === CurveBy.Service ? { by: search.by } : {}),
    ...(search.q === "p90" || search.q === "p999" ? { q: search.q } : {}),
    ...(search.vs === 1 || search.vs === 7 ? { vs: search.vs } : {}),
    ...(search.split === true ? { split: true } : {}),
    ...(search.table === true ? { table: true } : {}),
    ...(until === undefined ? {} : { until }),
    ...(hide.length > 0 ? { hide } : {}),
  };
}

/**
 * The end of the range one range earlier or later.
 *
 * @param untilMs  the end now; undefined for now
 * @param nowMs    the server's clock
 * @returns undefined when that would be now or later: the range moves again
 */
export function shiftUntil(
  untilMs: number | undefined,
  direction: -1 | 1,
  range: CurveRange,
  nowMs: number,
): number | undefined {
  const { spanMs } = rangeSteps[range];
  const shifted = Math.floor((untilMs ?? nowMs) / 60_000) * 60_000 + direction * spanMs;
  return shifted >= nowMs - 60_000 ? undefined : shifted;
}

/** Length and step of a page's range, and how often it asks again while it moves. @param nowMs the server's clock */
export function curvesSpan(search: CurvesSearch, nowMs: number): (typeof rangeSteps)[CurveRange] {
  const usual = rangeSteps[search.range ?? CurveRange.Live];
  const own = ownRangeOf(search);
  return own === undefined
    ? usual
    : { spanMs: pastMs(own, nowMs), stepS: ownStepS(own, nowMs, 1), pollMs: usual.pollMs };
}

/** The range of one's own that a page has, if it has one. */
export function ownRangeOf({ from, until }: CurvesSearch): OwnRange | undefined {
  return from === undefined || until === undefined ? undefined : { from, until };
}
