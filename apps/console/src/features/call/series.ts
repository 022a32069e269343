import type { CallSeries, QueryCallsResponse } from "@msec/api/console/v1/telemetry_pb.js";

/** The columns that a series has. */
export type Metric = "calls" | "failures" | "p50Ms" | "p90Ms" | "p99Ms" | "p999Ms";

/** One curve on a complete grid of times. */
export interface Curve {
  /** Names the curve within its chart and in the URL: its method, with ` @ instance` where curves are split. */
  readonly id: string;
  readonly method: string;
  readonly instance: string;
  readonly service: string;
  /** Empty unless curves are by caller. */
  readonly caller: string;
  readonly calls: readonly number[];
  readonly failures: readonly number[];
  readonly p50Ms: readonly number[];
  readonly p90Ms: readonly number[];
  readonly p99Ms: readonly number[];
  readonly p999Ms: readonly number[];
}

/** All curves of an answer, point i of each at `timesMs[i]`. */
export interface AlignedCurves {
  /** Starts of the intervals, milliseconds since 1970 UTC, without gaps. */
  readonly timesMs: readonly number[];
  readonly curves: readonly Curve[];
}

/** A range of whole steps: `fromMs <= t < toMs`. */
export interface Grid {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/**
 * What a process recorded in one second is complete in the store about this long after the second has ended: it is
 * reported at most a second later, and travels twice. Measured on one busy machine: 0.3 to 1.3 s.
 */
export const SETTLE_MS = 1000;

/**
 * The grid of the last `spanMs` whose last step is complete and has arrived.
 *
 * @param nowMs  the server's clock
 * @param spanMs length of the range, rounded up to whole steps
 */
export function settledGrid(nowMs: number, spanMs: number, stepMs: number): Grid {
  const toMs = Math.floor((nowMs - SETTLE_MS) / stepMs) * stepMs;
  return { fromMs: toMs - Math.ceil(spanMs / stepMs) * stepMs, toMs, stepMs };
}

/**
 * The grid to draw: whole steps only, because a step that still runs looks like a fall; but in the first minute of a
 * service the step that runs is all that there is.
 */
export function chooseGrid(
  response: Pick<QueryCallsResponse, "timeMs" | "series">,
  settled: Grid,
  running: Grid,
): Grid {
  const isSettled = response.timeMs.map((time) => time < settled.toMs);
  const young = !response.series.some((one) => one.calls.some((calls, index) => calls > 0 && isSettled[index]));
  return young && response.series.length > 0 ? running : settled;
}

/** On a busy machine records travel longer than `SETTLE_MS`; what has not come after this long will not come. */
const LATE_MS = 10_000;

/** So many steps with calls in a row make the next one without any a late one rather than an empty one. */
const STEADY_STEPS = 5;

/**
 * A grid that ends now without the newest steps of which nothing has arrived although calls came in every step before, and without the newest that came if it has less than
 * half of the calls of those before: they are late, and drawn they would look like an outage. What lasts longer than ten seconds is one, and is drawn.
 */
export function withoutLateSteps(response: Pick<QueryCallsResponse, "timeMs" | "series">, grid: Grid): Grid {
  const calls = new Map<number, number>();
  response.timeMs.forEach((time, index) => {
    const sum = response.series.reduce((total, one) => total + (one.calls[index] ?? 0), 0);
    if (sum > 0 && time < grid.toMs) calls.set(time, sum);
  });
  const lastMs = Math.max(grid.fromMs, ...calls.keys());
  const lateMs = grid.toMs - grid.stepMs - lastMs;
  const before = Array.from({ length: STEADY_STEPS }, (_, back) => calls.get(lastMs - (back + 1) * grid.stepMs) ?? 0);
  if (before.includes(0) || lateMs > LATE_MS) return grid;
  const mean = before.reduce((total, one) => total + one, 0) / STEADY_STEPS;
  const isPart = grid.stepMs <= LATE_MS && (calls.get(lastMs) ?? 0) < mean / 2;
  return { ...grid, toMs: isPart ? lastMs : lastMs + grid.stepMs };
}

/**
 * The name of a curve: the method's, else the caller's, else the service's; and the instance's where there is one.
 *
 * @param ofMany  the curves are of several services: their names come first
 */
export function curveId(
  series: Pick<CallSeries, "service" | "method" | "instance"> & Partial<Pick<CallSeries, "caller" | "callerInstance">>,
  ofMany = false,
): string {
  const { service, method, instance, caller = "", callerInstance = "" } = series;
  const what = (ofMany ? [service, method] : [caller, method]).filter((part) => part !== "").join(" ") || service;
  const where = instance || callerInstance;
  return where === "" ? what : `${what} @ ${where}`;
}

/**
 * Puts an answer's columns on a complete grid: times that the answer does not have are 0, times outside are left out,
 * series of the same name become one. Curves come by name, so that a curve keeps its colour from answer to answer.
 */
export function alignCurves(
  response: Pick<QueryCallsResponse, "timeMs" | "series">,
  grid: Grid,
  ofMany = false,
): AlignedCurves {
  const length = Math.max(0, Math.round((grid.toMs - grid.fromMs) / grid.stepMs));
  const timesMs = Array.from({ length }, (_, index) => grid.fromMs + index * grid.stepMs);
  const positions = response.timeMs.map((time) => Math.floor((time - grid.fromMs) / grid.stepMs));
  const byId = Map.groupBy(response.series, (series) => curveId(series, ofMany));
  const curves = [...byId]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, parts]) => ({
      id,
      method: parts[0]!.method,
      instance: parts[0]!.instance || parts[0]!.callerInstance,
      service: parts[0]!.service,
      caller: parts[0]!.caller,
      calls: onGrid(parts, "calls", positions, length),
      failures: onGrid(parts, "failures", positions, length),
      p50Ms: onGrid(parts, "p50Ms", positions, length),
      p90Ms: onGrid(parts, "p90Ms", positions, length),
      p99Ms: onGrid(parts, "p99Ms", positions, length),
      p999Ms: onGrid(parts, "p999Ms", positions, length),
    }));
  return { timesMs, curves };
}

function onGrid(parts: readonly CallSeries[], metric: Metric, positions: readonly number[], length: number): number[] {
  const values = new Array<number>(length).fill(0);
  // Counts add up; a percentile of two series is at most the greater one.
  const adds = metric === "calls" || metric === "failures";
  for (const part of parts) {
    const column = part[metric];
    positions.forEach((position, index) => {
      if (position < 0 || position >= length) return;
      const value = column[index] ?? 0;
      values[position] = adds ? values[position]! + value : Math.max(values[position]!, value);
    });
  }
  return values;
}

/** What a service did in a range: for tables of services and instances. */
export interface CallTotals {
  readonly calls: number;
  readonly failures: number;
  /** Failures per call; NaN where nothing was called. */
  readonly failureRatio: number;
  /** The highest 99th percentile of any step, milliseconds; NaN where nothing was called. */
  readonly worstP99Ms: number;
}

/**
 * Sums the last `steps` points of several curves.
 *
 * @param steps how many points from the end; at least 1
 */
export function totalsOf(curves: readonly Curve[], steps: number): CallTotals {
  const sum = (metric: Metric) =>
    curves.reduce((total, curve) => total + curve[metric].slice(-steps).reduce((a, b) => a + b, 0), 0);
  const calls = sum("calls");
  const failures = sum("failures");
  const worst = Math.max(0, ...curves.flatMap((curve) => curve.p99Ms.slice(-steps)));
  return { calls, failures, failureRatio: failures / calls, worstP99Ms: calls === 0 ? Number.NaN : worst };
}

/** Adds curves up, point by point. */
export function sumCurves(curves: readonly Curve[], metric: "calls" | "failures", length: number): number[] {
  return Array.from({ length }, (_, index) => curves.reduce((sum, curve) => sum + (curve[metric][index] ?? 0), 0));
}
