import type { StoreClients } from "../client.ts";
import { InvalidQuery } from "../store-error.ts";
import { ask, askRows, isTooMany } from "./ask.ts";
import { curvesFromRows, rowColumns } from "./call-rows.ts";
import { type TimeAxis, type TimeRange, timeAxis } from "./time-axis.ts";

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

/** What a question for calls may ask. */
export const callLimits = { steps: callSteps, pointsMax, daysMax: 731 };

/** Which curves of calls to read. The range is at most two years. */
export interface CallsQuery extends TimeRange {
  /** The service that was called; empty or missing: all. */
  readonly service?: string | undefined;
  /** The service that called; empty or missing: all. With `CallSide.Client` these are the calls that a service makes, as it counted them. */
  readonly caller?: string | undefined;
  /** Full name of a method; empty or missing: all. */
  readonly method?: string | undefined;
  /** An instance of the called service; empty or missing: all. */
  readonly instance?: string | undefined;
  readonly side: CallSide;
  /** One curve for each method, else for each service. */
  readonly byMethod?: boolean | undefined;
  /** And for each instance of the called service. */
  readonly byInstance?: boolean | undefined;
  /** And for each calling service: the edges of the service map. */
  readonly byCaller?: boolean | undefined;
  /** And for each instance of the calling service. */
  readonly byCallerInstance?: boolean | undefined;
}

/** Curves over one time axis. */
export interface CallCurves {
  /** The start of each interval, milliseconds since 1970 UTC. */
  timeMs: number[];
  /** At most `seriesMax`, those with the most calls first. */
  series: CallSeries[];
}

/** One curve; each column has a value for each point of the time axis, 0 where nothing was called. */
export interface CallSeries extends CallColumns {
  service: string;
  /** Empty unless asked for by method. */
  method: string;
  /** Empty unless asked for by instance. */
  instance: string;
  /** Empty unless asked for by caller. */
  caller: string;
  /** Empty unless asked for by the caller's instance. */
  callerInstance: string;
}

/** The columns of one curve. */
export interface CallColumns {
  calls: number[];
  failures: number[];
  /** Milliseconds, sum of durations over calls. */
  meanMs: number[];
  /** Milliseconds, from the merged histograms: within 4.5 % of the true value. */
  p50Ms: number[];
  p90Ms: number[];
  p99Ms: number[];
  p999Ms: number[];
}

const columns = ["calls", "failures", "meanMs", "p50Ms", "p90Ms", "p99Ms", "p999Ms"] as const;

/**
 * Read curves of calls, their failures and latencies: by seconds for two days, by minutes and hours for as long as they are kept.
 *
 * @throws InvalidQuery (range, step, side), StoreUnavailable, TelemetryStoreError
 */
export async function queryCalls(clients: StoreClients, query: CallsQuery): Promise<CallCurves> {
  const axis = timeAxis(query, callLimits);
  const { service = "", caller = "", method = "", instance = "", side, stepS } = query;
  if (side !== CallSide.Server && side !== CallSide.Client) throw new InvalidQuery(`side ${side} must be 1 or 2`);
  const params = { service, caller, method, instance, side, fromS: axis.fromS, toS: axis.toS, stepS, seriesMax };
  const rows =
    (await readMinutes(clients, query, params)) ??
    (await ask<CallRow>(
      clients,
      "query calls",
      isOfMethods(query) ? methodsQuery(query) : callsQuery(sourceOf(stepS), query),
      params,
    ));
  return { timeMs: axis.timeMs, series: seriesFromRows(rows, axis) };
}

/** Rows of minutes that are added up here; more are added up by the engine, which takes ten times as long for each. */
const minuteRowsMax = 200_000;
/** Seconds; what is longer has more rows anyway. */
const minutesRangeMaxS = 2 * 86_400;

/** Curves of up to two days by minutes; `undefined` where there is too much for that. */
async function readMinutes(
  clients: StoreClients,
  query: CallsQuery,
  params: { fromS: number; toS: number },
): Promise<CallRow[] | undefined> {
  const { stepS } = query;
  if (stepS < 60 || stepS >= 3_600 || params.toS - params.fromS > minutesRangeMaxS) return undefined;
  const ofMethods = isOfMethods(query);
  const table = ofMethods ? "call_method_minute" : "call_minute";
  const sql = `SELECT ${rowColumns(query, ofMethods)} FROM ${table} WHERE ${callsCondition(query)}`;
  try {
    const reader = await askRows(clients, "query calls", sql, params, { rowsMax: minuteRowsMax });
    return curvesFromRows(reader, query).slice(0, seriesMax);
  } catch (error) {
    if (isTooMany(error)) return undefined;
    throw error;
  }
}

/** One curve as the store gives it: only points with calls. */
export interface CallRow extends CallColumns {
  service: string;
  method: string;
  instance: string;
  caller: string;
  callerInstance: string;
  /** Seconds since 1970 of each point. */
  seconds: number[];
}

/** Spread each curve's points over the axis; zeros elsewhere. */
export function seriesFromRows(rows: readonly CallRow[], { fromS, stepS, timeMs }: TimeAxis): CallSeries[] {
  return rows.map((row) => {
    const positions = row.seconds.map((second) => (second - fromS) / stepS);
    const spread = (values: readonly number[]) => {
      const all = new Array<number>(timeMs.length).fill(0);
      for (const [i, position] of positions.entries()) all[position] = values[i]!;
      return all;
    };
    const { service, method, instance, caller, callerInstance } = row;
    const spreads = Object.fromEntries(columns.map((name) => [name, spread(row[name])]));
    return { service, method, instance, caller, callerInstance, ...(spreads as unknown as CallColumns) };
  });
}

// The bucket in which the q-th call lies, and within it the place in proportion to the calls in it.
const quantileMs = (quantile: number) => {
  const rank = `arrayFirstIndex(c -> c >= ${quantile} * total, running)`;
  return `if(total = 0, 0, pow(2, (merged.1[${rank}] + (${quantile} * total - (running[${rank}] - merged.2[${rank}]))
    / merged.2[${rank}]) / 8) / 1000)`;
};

/** Whether the question is answered by the minutes of each method, without who called which instance. */
function isOfMethods({ stepS, caller, instance, byInstance, byCaller, byCallerInstance }: CallsQuery): boolean {
  return stepS >= 60 && stepS < 3_600 && !caller && !instance && !byInstance && !byCaller && !byCallerInstance;
}

// The middle of the bucket in which the quantile lies: at most 4.5 % from it.
const mergedMs = (position: number) => `groupArray(if(calls_ = 0, 0, pow(2, (merged[${position}] + 0.5) / 8) / 1000))`;

const methodsQuery = (query: CallsQuery) => `
  SELECT service, method_ AS method, '' AS instance, '' AS caller, '' AS callerInstance,
    groupArray(second) AS seconds, groupArray(calls_) AS calls, groupArray(failures_) AS failures,
    groupArray(duration / greatest(calls_, 1) / 1000) AS meanMs,
    ${mergedMs(1)} AS p50Ms, ${mergedMs(2)} AS p90Ms, ${mergedMs(3)} AS p99Ms, ${mergedMs(4)} AS p999Ms
  FROM (
    SELECT callee AS service, ${query.byMethod ? "method" : "''"} AS method_,
      intDiv(toUnixTimestamp(time), {stepS:UInt32}) * {stepS:UInt32} AS second,
      sum(count) AS calls_, sum(failures) AS failures_, sum(duration_us_sum) AS duration,
      quantilesExactWeightedArray(0.5, 0.9, 0.99, 0.999)(histogram.1, histogram.2) AS merged
    FROM call_method_minute
    WHERE ${callsCondition(query)}
    GROUP BY service, method_, second
  )
  GROUP BY service, method
  ORDER BY sum(calls_) DESC, service, method
  LIMIT {seriesMax:UInt32}`;

function sourceOf(stepS: number): { table: string; histogram: string } {
  if (stepS < 60) return { table: "call", histogram: "sumMap(bucket_index, bucket_count)" };
  return { table: stepS < 3_600 ? "call_minute" : "call_hour", histogram: "sumMap(histogram)" };
}

// What is not asked for is not in the statement at all: a condition on a parameter would keep the engine from using the sort key.
function callsCondition({ service, caller, method, instance }: CallsQuery): string {
  return [
    "side = {side:UInt8}",
    ...(service ? ["callee = {service:String}"] : []),
    ...(caller ? ["caller = {caller:String}"] : []),
    ...(method ? ["method = {method:String}"] : []),
    ...(instance ? ["callee_instance = {instance:String}"] : []),
    "time >= toDateTime({fromS:UInt32}, 'UTC')",
    "time < toDateTime({toS:UInt32}, 'UTC')",
  ].join(" AND ");
}

const callsQuery = ({ table, histogram }: { table: string; histogram: string }, query: CallsQuery) => `
  WITH merged.2 AS counts, arrayCumSum(counts) AS running, arraySum(counts) AS total
  SELECT service, method_ AS method, instance, caller_ AS caller, callerInstance,
    groupArray(second) AS seconds, groupArray(calls_) AS calls, groupArray(failures_) AS failures,
    groupArray(duration / greatest(calls_, 1) / 1000) AS meanMs,
    groupArray(${quantileMs(0.5)}) AS p50Ms, groupArray(${quantileMs(0.9)}) AS p90Ms,
    groupArray(${quantileMs(0.99)}) AS p99Ms, groupArray(${quantileMs(0.999)}) AS p999Ms
  FROM (
    SELECT callee AS service, ${query.byMethod ? "method" : "''"} AS method_,
      ${query.byInstance ? "callee_instance" : "''"} AS instance,
      ${query.byCaller ? "caller" : "''"} AS caller_, ${query.byCallerInstance ? "caller_instance" : "''"} AS callerInstance,
      intDiv(toUnixTimestamp(time), {stepS:UInt32}) * {stepS:UInt32} AS second,
      sum(count) AS calls_, sumIf(count, code != 0) AS failures_, sum(duration_us_sum) AS duration, ${histogram} AS merged
    FROM ${table}
    WHERE ${callsCondition(query)}
    GROUP BY service, method_, instance, caller_, callerInstance, second
  )
  GROUP BY service, method, instance, caller, callerInstance
  ORDER BY sum(calls_) DESC, service, method, instance, caller, callerInstance
  LIMIT {seriesMax:UInt32}`;
