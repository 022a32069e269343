/** The ranges of the curves page. */
export const CurveRange = { Live: "live", Minutes15: "15m", Hour: "1h", Hours6: "6h", Day: "24h" } as const;
/** One of the ranges of the curves page. */
export type CurveRange = (typeof CurveRange)[keyof typeof CurveRange];

/** Who counted the calls to a service: the service that served them, or those that made them. */
export const CurveSide = { Served: "served", Callers: "callers" } as const;
/** Who counted the calls to a service. */
export type CurveSide = (typeof CurveSide)[keyof typeof CurveSide];

/** What a link to the curves page restores. */
export interface CurvesSearch {
  /** Default live. */
  readonly range?: CurveRange;
  /** Who counted the calls to the service; absent: the service itself, or its callers where it is external. */
  readonly side?: CurveSide;
  /** One curve for each instance. */
  readonly split?: true;
  /** Show the values as a table. */
  readonly table?: true;
  /** End of the range, milliseconds since 1970 UTC; absent: now, and moving. */
  readonly until?: number;
  /** Curves that are switched off. */
  readonly hide?: readonly string[];
}

/** Length and resolution of each range. Ranges but the live one are per minute. */
export const rangeSteps: Readonly<
  Record<CurveRange, { readonly spanMs: number; readonly stepS: number; readonly pollMs: number }>
> = {
  live: { spanMs: 5 * 60_000, stepS: 1, pollMs: 1000 },
  "15m": { spanMs: 15 * 60_000, stepS: 60, pollMs: 10_000 },
  "1h": { spanMs: 60 * 60_000, stepS: 60, pollMs: 15_000 },
  "6h": { spanMs: 6 * 60 * 60_000, stepS: 60, pollMs: 20_000 },
  "24h": { spanMs: 24 * 60 * 60_000, stepS: 60, pollMs: 30_000 },
};

/** Reads the search parameters of the curves page; what does not make sense is left out. */
export function parseCurvesSearch(search: Record<string, unknown>): CurvesSearch {
  const ranges: readonly unknown[] = Object.values(CurveRange);
  const sides: readonly unknown[] = Object.values(CurveSide);
  const until = Number(search.until);
  const hide = Array.isArray(search.hide) ? search.hide.filter((id): id is string => typeof id === "string") : [];
  return {
    ...(ranges.includes(search.range) && search.range !== CurveRange.Live ? { range: search.range as CurveRange } : {}),
    ...(sides.includes(search.side) ? { side: search.side as CurveSide } : {}),
    ...(search.split === true ? { split: true } : {}),
    ...(search.table === true ? { table: true } : {}),
    ...(search.until !== undefined && Number.isSafeInteger(until) && until > 0 ? { until } : {}),
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
