import type { StoreClients } from "../client.ts";
import { InvalidQuery } from "../store-error.ts";
import { ask } from "./ask.ts";

/** Which side's count of a call to read. */
export const CallSide = {
  /** As the service that served them counted them. */
  Server: 1,
  /** As the services that made them counted them. */
  Client: 2,
} as const;
export type CallSide = (typeof CallSide)[keyof typeof CallSide];

/** Seconds between two points that may be asked for. */
export const callSteps = [1, 10, 60, 600, 3_600] as const;

/** Points of one curve. */
export const pointsMax = 5_000;

/** Curves of one answer: those with the most calls. */
export const seriesMax = 200;

const rangeMaxMs = 31 * 86_400_000;

/** Which curves of calls to read. */
export interface CallsQuery {
  /** The service that was called; empty or missing: all. */
  readonly service?: string | undefined;
  readonly side: CallSide;
  /** Milliseconds since 1970 UTC; from <= t < to, at most 31 days. Both are widened to whole steps. */
  readonly fromMs: number;
  readonly toMs: number;
  /** One of `callSteps`; at most `pointsMax` points. */
  readonly stepS: number;
  /** One curve for each method, else for each service. */
  readonly byMethod?: boolean | undefined;
  /** And for each instance of the called service. */
  readonly byInstance?: boolean | undefined;
}

/** Curves over one time axis. */
export interface CallCurves {
  /** The start of each interval, milliseconds since 1970 UTC. */
  timeMs: number[];
  /** At most `seriesMax`, those with the most calls first. */
  series: CallSeries[];
}

/** One curve; each column has a value for each point of the time axis, 0 where nothing was called. */
export interface CallSeries {
  service: string;
  /** Empty unless asked for by method. */
  method: string;
  /** Empty unless asked for by instance. */
  instance: string;
  calls: number[];
  failures: number[];
  /** Milliseconds, from the merged histograms: within 4.5 % of the true value. */
  p50Ms: number[];
  p99Ms: number[];
}

/**
 * Read curves of calls, their failures and latencies.
 *
 * @throws InvalidQuery (range, step, side), StoreUnavailable, TelemetryStoreError
 */
export async function queryCalls(clients: StoreClients, query: CallsQuery): Promise<CallCurves> {
  const axis = timeAxis(query);
  const { service = "", side, stepS, byMethod = false, byInstance = false } = query;
  if (side !== CallSide.Server && side !== CallSide.Client) throw new InvalidQuery(`side ${side} must be 1 or 2`);
  const rows = await ask<CallRow>(clients, "query calls", callsQuery(stepS < 60 ? source.second : source.minute), {
    service,
    side,
    fromS: axis.fromS,
    toS: axis.toS,
    stepS,
    byMethod,
    byInstance,
    seriesMax,
  });
  return { timeMs: axis.timeMs, series: seriesFromRows(rows, axis) };
}

/** The points of a query. */
export interface TimeAxis {
  fromS: number;
  /** Exclusive. */
  toS: number;
  stepS: number;
  timeMs: number[];
}

/**
 * Lay out the points of a query: whole steps since 1970 UTC that cover it.
 *
 * @throws InvalidQuery for a range or step out of its limits
 */
export function timeAxis({ fromMs, toMs, stepS }: Pick<CallsQuery, "fromMs" | "toMs" | "stepS">): TimeAxis {
  if (!(callSteps as readonly number[]).includes(stepS)) {
    throw new InvalidQuery(`step_s ${stepS} must be one of ${callSteps.join(", ")}`);
  }
  if (!(fromMs >= 0 && toMs > fromMs && toMs <= 4e12)) {
    throw new InvalidQuery(`from_ms ${fromMs} must be before to_ms ${toMs}, both milliseconds since 1970`);
  }
  if (toMs - fromMs > rangeMaxMs) throw new InvalidQuery(`to_ms − from_ms ${toMs - fromMs} must be at most 31 days`);
  const fromS = Math.floor(fromMs / 1_000 / stepS) * stepS;
  const toS = Math.ceil(toMs / 1_000 / stepS) * stepS;
  const points = (toS - fromS) / stepS;
  if (points > pointsMax) {
    throw new InvalidQuery(`step_s ${stepS} gives ${points} points: at most ${pointsMax}; choose a larger step`);
  }
  return { fromS, toS, stepS, timeMs: Array.from({ length: points }, (_, i) => (fromS + i * stepS) * 1_000) };
}

/** One curve as the store gives it: only points with calls. */
export interface CallRow {
  service: string;
  method: string;
  instance: string;
  /** [second, calls, failures, p50 ms, p99 ms] */
  points: [number, number, number, number, number][];
}

/** Spread each curve's points over the axis; zeros elsewhere. */
export function seriesFromRows(rows: readonly CallRow[], { fromS, stepS, timeMs }: TimeAxis): CallSeries[] {
  return rows.map(({ service, method, instance, points }) => {
    const zeros = () => new Array<number>(timeMs.length).fill(0);
    const series = { service, method, instance, calls: zeros(), failures: zeros(), p50Ms: zeros(), p99Ms: zeros() };
    for (const [second, calls, failures, p50, p99] of points) {
      const i = (second - fromS) / stepS;
      series.calls[i] = calls;
      series.failures[i] = failures;
      series.p50Ms[i] = p50;
      series.p99Ms[i] = p99;
    }
    return series;
  });
}

// The bucket in which the q-th call lies, and within it the place in proportion to the calls in it.
const quantileMs = (q: number) =>
  `if(total = 0, 0, pow(2, (merged.1[rank${q}] + (${q / 100} * total - (running[rank${q}] - merged.2[rank${q}]))
    / merged.2[rank${q}]) / 8) / 1000)`;

const source = {
  second: { table: "call", histogram: "sumMap(bucket_index, bucket_count)" },
  minute: { table: "call_minute", histogram: "sumMap(histogram)" },
};

const callsQuery = ({ table, histogram }: { table: string; histogram: string }) => `
  WITH merged.2 AS counts, arrayCumSum(counts) AS running, arraySum(counts) AS total,
    arrayFirstIndex(c -> c >= 0.5 * total, running) AS rank50, arrayFirstIndex(c -> c >= 0.99 * total, running) AS rank99
  SELECT service, method, instance,
    groupArray((second, calls, failures, ${quantileMs(50)}, ${quantileMs(99)})) AS points
  FROM (
    SELECT callee AS service, if({byMethod:Bool}, method, '') AS method,
      if({byInstance:Bool}, callee_instance, '') AS instance,
      intDiv(toUnixTimestamp(time), {stepS:UInt32}) * {stepS:UInt32} AS second,
      sum(count) AS calls, sumIf(count, code != 0) AS failures, ${histogram} AS merged
    FROM ${table}
    WHERE side = {side:UInt8} AND ({service:String} = '' OR callee = {service:String})
      AND time >= toDateTime({fromS:UInt32}, 'UTC') AND time < toDateTime({toS:UInt32}, 'UTC')
    GROUP BY service, method, instance, second
  )
  GROUP BY service, method, instance
  ORDER BY sum(calls) DESC, service, method, instance
  LIMIT {seriesMax:UInt32}`;
