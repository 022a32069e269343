import type { StoreClients } from "../client.ts";
import { InvalidQuery } from "../store-error.ts";
import { ask, askBlocks, isTooMany } from "./ask.ts";
import { type AttributeFilter, filterParams, hostCondition, hostFamily, reporterCondition } from "./attributes.ts";
import { metricRowsFromBlocks, type PointColumns } from "./metric-rows.ts";
import { Across, MetricSplit, Statistic } from "./metric-statistic.ts";
import { type TimeAxis, type TimeRange, timeAxis } from "./time-axis.ts";

export { Across, MetricSplit, Statistic } from "./metric-statistic.ts";

/** Seconds between two points that may be asked for. */
export const metricSteps = [1, 10, 60, 600, 3_600, 86_400] as const;

/** Points of one curve: a week of minutes. */
export const metricPointsMax = 10_080;

/** Attributes of one question. */
export const metricNamesMax = 60;

/** Curves of one answer. */
export const metricSeriesMax = 500;

/** Values of one answer: at eight bytes, half of what an answer may have. */
export const metricValuesMax = 2_000_000;

/** What a question for metrics may ask. */
export const metricLimits = { steps: metricSteps, pointsMax: metricPointsMax, daysMax: 731 };

/** How long the finer tables reach back, with an hour to spare; what is older is read from the next. */
const reachMs = { second: 47 * 3_600_000, minute: 719 * 3_600_000 };

/** Which curves of metrics to read; the range is at most two years. */
export interface MetricsQuery extends AttributeFilter, TimeRange {
  /** 1…`metricNamesMax`, with their families: `usr.flight.query`. */
  readonly names: readonly string[];
  /** Default `mean`. */
  readonly statistic?: Statistic | undefined;
  /** How a gauge of several instances becomes one curve; default `sum` for all. */
  readonly across?: ((name: string) => Across) | undefined;
  /** Default `none`. */
  readonly split?: MetricSplit | undefined;
}

/** Curves over one time axis. */
export interface MetricCurves {
  /** The step of the answer: a larger one than asked for where only that reaches back. */
  stepS: number;
  /** The start of each interval, milliseconds since 1970 UTC. */
  timeMs: number[];
  /** In the order of the names asked for, then by host and instance; at most `metricSeriesMax`. */
  series: MetricSeries[];
  /** There are more curves. */
  truncated: boolean;
}

/** One curve. */
export interface MetricSeries {
  name: string;
  /** 1 counter, 2 gauge. */
  kind: number;
  /** Empty unless split by host or instance. */
  host: string;
  /** Empty unless split by instance. */
  instance: string;
  /** A value for each point: NaN where a gauge, 0 where a counter had nothing. */
  values: Float64Array;
}

/**
 * Read curves of attributes from the finest table that reaches back far enough.
 *
 * @param nowMs milliseconds since 1970 UTC
 * @throws InvalidQuery (names, range, step), StoreUnavailable, TelemetryStoreError
 */
export async function queryMetrics(clients: StoreClients, query: MetricsQuery, nowMs: number): Promise<MetricCurves> {
  const { names, split = MetricSplit.None } = query;
  if (names.length === 0 || names.length > metricNamesMax) {
    throw new InvalidQuery(`names has ${names.length} entries: expected 1…${metricNamesMax}`);
  }
  const range = reachingRange(query, nowMs);
  const axis = timeAxis(range, metricLimits);
  const families = [
    names.filter((name) => name.startsWith(hostFamily)),
    names.filter((name) => !name.startsWith(hostFamily)),
  ];
  const answers = await Promise.all(
    families.map((family, i) => (family.length === 0 ? [] : readRows(clients, query, family, axis, i === 0))),
  );
  const rows = answers.flat();
  const fitting = Math.min(metricSeriesMax, Math.floor(metricValuesMax / axis.timeMs.length));
  const order = new Map(names.map((name, position) => [name, position]));
  const series = rows
    .sort(
      (a, b) => order.get(a.name)! - order.get(b.name)! || compare(a.host, b.host) || compare(a.instance, b.instance),
    )
    .slice(0, fitting)
    .map((row) => metricSeriesFromRow(row, axis));
  const truncated = rows.length > series.length || (split !== MetricSplit.None && rows.length > metricSeriesMax);
  return { stepS: axis.stepS, timeMs: axis.timeMs, series, truncated };
}

/** The range with the smallest step, at least the one asked for, whose table reaches back to its beginning. */
export function reachingRange({ fromMs, toMs, stepS }: TimeRange, nowMs: number): TimeRange {
  const ageMs = nowMs - fromMs;
  const least = ageMs > reachMs.minute ? 3_600 : ageMs > reachMs.second ? 60 : 1;
  return { fromMs, toMs, stepS: Math.max(stepS, least) };
}

/** One curve as the store gives it: only points with values. */
export interface MetricRow {
  name: string;
  kind: number;
  host: string;
  instance: string;
  /** Seconds since 1970 UTC, in any order. */
  seconds: ArrayLike<number>;
  values: ArrayLike<number>;
}

/** Spread a curve's points over the axis. */
export function metricSeriesFromRow(row: MetricRow, { fromS, stepS, timeMs }: TimeAxis): MetricSeries {
  const { name, kind, host, instance, seconds } = row;
  const values = new Float64Array(timeMs.length).fill(kind === 1 ? 0 : Number.NaN);
  for (let i = 0; i < seconds.length; i++) values[(seconds[i]! - fromS) / stepS] = row.values[i]!;
  return { name, kind, host, instance, values };
}

async function readRows(
  clients: StoreClients,
  query: MetricsQuery,
  names: readonly string[],
  { fromS, toS, stepS }: TimeAxis,
  ofHosts: boolean,
): Promise<MetricRow[]> {
  const averaged = (across: Across) => names.filter((name) => (query.across?.(name) ?? Across.Sum) === across);
  const params = {
    ...filterParams(query),
    fromS,
    toS,
    stepS,
    names,
    mean: averaged(Across.Mean),
    min: averaged(Across.Min),
    max: averaged(Across.Max),
  };
  const columns = pointColumns(query, names, stepS, ofHosts);
  const sql = pointsQuery(columns, query, stepS, ofHosts);
  try {
    // Of what was reported mostly an hour of a day is asked for, of minutes the day.
    const bytes = await askBlocks(clients, "query metrics", sql, params, {
      rowsMax: pointRowsMax,
      inOneStep: !columns.asReported,
    });
    return metricRowsFromBlocks(bytes, columns, query, stepS);
  } catch (error) {
    if (!isTooMany(error)) throw error;
  }
  return await ask<MetricRow>(clients, "query metrics", metricsQuery(query, stepS, ofHosts), params);
}

/**
 * Points that are read as they are and added up here, at 25 bytes each: more than a page of 12 curves of a day of 20 instances. Planning three levels of groups
 * takes the engine longer than reading a day's curve, and adding up five times as long as writing the points.
 */
const pointRowsMax = 500_000;

function sourceOf(stepS: number): { table: string; asReported: boolean } {
  const asReported = stepS < 60;
  return { table: asReported ? "sample" : stepS < 3_600 ? "sample_by_minute" : "sample_hour", asReported };
}

/** No column that has the same value in all rows: each takes the engine half a millisecond of processor time in each part. */
function pointColumns(
  { statistic = Statistic.Mean, instance }: MetricsQuery,
  names: readonly string[],
  stepS: number,
  ofHosts: boolean,
): PointColumns {
  const { asReported } = sourceOf(stepS);
  return {
    name: names.length === 1 ? names[0] : undefined,
    // An empty one chooses nobody.
    instance: ofHosts || instance === "" ? undefined : instance,
    asReported,
    statistic: asReported || statistic === Statistic.Mean ? undefined : statistic,
  };
}

/** What `metricRowsFromBlocks` reads. */
function pointsQuery(
  { name, instance, asReported, statistic }: PointColumns,
  query: MetricsQuery,
  stepS: number,
  ofHosts: boolean,
): string {
  const columns = [
    ...(name === undefined ? ["name"] : []),
    "host",
    ...(instance === undefined ? ["instance"] : []),
    "time, kind",
    asReported ? "value" : "sum, count",
    ...(statistic === undefined ? [] : [statistic]),
  ];
  return `SELECT ${columns.join(", ")} FROM ${sourceOf(stepS).table} WHERE ${samplesCondition(query, ofHosts)}`;
}

function samplesCondition(query: AttributeFilter, ofHosts: boolean): string {
  return `${ofHosts ? hostCondition(query) : reporterCondition(query)} AND name IN {names:Array(String)}
          AND time >= toDateTime({fromS:UInt32}, 'UTC') AND time < toDateTime({toS:UInt32}, 'UTC')`;
}

function metricsQuery(query: MetricsQuery, stepS: number, ofHosts: boolean): string {
  const { split = MetricSplit.None, statistic = Statistic.Mean } = query;
  const { table, asReported } = sourceOf(stepS);
  const added = asReported ? "sum(value)" : "sum(sum)";
  const gauge: Record<Statistic, string> = {
    mean: asReported ? "avg(value)" : "sum(sum) / sum(count)",
    min: asReported ? "min(value)" : "min(min)",
    max: asReported ? "max(value)" : "max(max)",
    last: asReported ? "argMax(value, time)" : "argMax(last, time)",
  };
  const host = split === MetricSplit.None ? "''" : "from_host";
  const instance = split === MetricSplit.Instance ? "from_instance" : "''";
  return `
    SELECT name, any(kind_) AS kind, host_ AS host, instance_ AS instance,
      groupArray(second) AS seconds, groupArray(one) AS values
    FROM (
      SELECT name, ${host} AS host_, ${instance} AS instance_, second, any(of_kind) AS kind_,
        multiIf(any(of_kind) = 1, sum(each), has({mean:Array(String)}, name), avg(each), has({min:Array(String)}, name), min(each),
          has({max:Array(String)}, name), max(each), sum(each)) AS one
      FROM (
        SELECT name, host AS from_host, instance AS from_instance,
          intDiv(toUnixTimestamp(time), {stepS:UInt32}) * {stepS:UInt32} AS second,
          any(kind) AS of_kind, if(of_kind = 1, ${added}, ${gauge[statistic]}) AS each
        FROM ${table}
        WHERE ${samplesCondition(query, ofHosts)}
        GROUP BY name, from_host, from_instance, second
      )
      GROUP BY name, host_, instance_, second
    )
    GROUP BY name, host, instance
    ORDER BY name, host, instance
    LIMIT ${metricSeriesMax + 1}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
