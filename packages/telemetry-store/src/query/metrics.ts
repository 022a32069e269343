import type { StoreClients } from "../client.ts";
import { keyIdText } from "../ingest/key-id.ts";
import { InvalidQuery } from "../store-error.ts";
import { ask, askBlocks, isTooMany } from "./ask.ts";
import {
  type AttributeFilter,
  filterParams,
  hostCondition,
  hostFamily,
  hostIdCondition,
  hoursCondition,
  reporterCondition,
  reporterIdCondition,
  timeCondition,
} from "./attributes.ts";
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
function reachingRange({ fromMs, toMs, stepS }: TimeRange, nowMs: number): TimeRange {
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
function metricSeriesFromRow(row: MetricRow, { fromS, stepS, timeMs }: TimeAxis): MetricSeries {
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
  const { byName } = sourceOf(stepS);
  const nameOf = new Map(names.map((name) => [byName ? name : keyIdText(name), name]));
  const across = (key: string) => query.across?.(nameOf.get(key)!) ?? Across.Sum;
  const keys = [...nameOf.keys()];
  // As parameters numbers are numbers.
  const bound = (some: readonly string[]) => (byName ? some : some.map(BigInt));
  const averaged = (how: Across) => bound(keys.filter((key) => across(key) === how));
  const params = {
    ...filterParams(query),
    fromS,
    toS,
    stepS,
    names,
    keys: bound(keys),
    mean: averaged(Across.Mean),
    min: averaged(Across.Min),
    max: averaged(Across.Max),
  };
  const points = readPoints(clients, { ...query, across }, keys, stepS, ofHosts, params);
  if (byName) return await points;
  // Curves come under the numbers that stand for names: those of attributes are known, others are asked for where curves are told apart by them.
  const isSplit = (query.split ?? MetricSplit.None) !== MetricSplit.None;
  const [rows, reporters] = await Promise.all([
    points,
    isSplit ? readReporterNames(clients, query, ofHosts, params) : new Map<string, string>(),
  ]);
  return rows.flatMap((row) => {
    const name = nameOf.get(row.name);
    const host = row.host === "" ? "" : reporters.get(row.host);
    const instance = row.instance === "" ? "" : reporters.get(row.instance);
    // Whose hour came between the two answers is known the next time.
    return name === undefined || host === undefined || instance === undefined ? [] : [{ ...row, name, host, instance }];
  });
}

/** The names of whoever reported these attributes in these hours, by the numbers that stand for them. */
async function readReporterNames(
  clients: StoreClients,
  query: MetricsQuery,
  ofHosts: boolean,
  params: Record<string, unknown>,
): Promise<Map<string, string>> {
  const rows = await ask<{ host: string; instance: string }>(
    clients,
    "query metrics",
    `SELECT DISTINCT host, instance FROM sample_hour WHERE ${samplesCondition(query, ofHosts, true)} AND ${hoursCondition}`,
    params,
  );
  return new Map(
    rows.flatMap(({ host, instance }) => [host, instance].map((name) => [keyIdText(name), name] as const)),
  );
}

/** Curves of attributes by their keys: by names, or by the numbers that stand for them. */
async function readPoints(
  clients: StoreClients,
  query: MetricsQuery,
  keys: readonly string[],
  stepS: number,
  ofHosts: boolean,
  params: Record<string, unknown>,
): Promise<MetricRow[]> {
  const columns = pointColumns(query, keys, stepS, ofHosts);
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

/** The table for a step, and what its rows are: hours alone have names, others the numbers that stand for them. */
function sourceOf(stepS: number): { table: string; asReported: boolean; byName: boolean } {
  const asReported = stepS < 60;
  const byName = stepS >= 3_600;
  return { table: asReported ? "series_sample" : byName ? "sample_hour" : "series_minute", asReported, byName };
}

/** No column that has the same value in all rows: each takes the engine half a millisecond of processor time in each part. */
function pointColumns(
  { statistic = Statistic.Mean, split = MetricSplit.None, instance }: MetricsQuery,
  keys: readonly string[],
  stepS: number,
  ofHosts: boolean,
): PointColumns {
  const { asReported, byName } = sourceOf(stepS);
  const isOfOne = !ofHosts && instance !== undefined && instance !== "";
  return {
    byName,
    together: !byName && !isOfOne && split === MetricSplit.None,
    name: keys.length === 1 ? keys[0] : undefined,
    instance: isOfOne ? (byName ? instance : keyIdText(instance)) : undefined,
    asReported,
    statistic: asReported || statistic === Statistic.Mean ? undefined : statistic,
  };
}

/** What `metricRowsFromBlocks` reads. */
function pointsQuery(
  { byName, together, name, instance, asReported, statistic }: PointColumns,
  query: MetricsQuery,
  stepS: number,
  ofHosts: boolean,
): string {
  const key = (column: string) => (byName ? column : `${column}_id`);
  const columns = [
    ...(name === undefined ? [key("name")] : []),
    ...(together ? [reporterId] : [key("host"), ...(instance === undefined ? [key("instance")] : [])]),
    "time, kind",
    asReported ? "value" : "sum, count",
    ...(statistic === undefined ? [] : [statistic]),
  ];
  return `SELECT ${columns.join(", ")} FROM ${sourceOf(stepS).table} WHERE ${samplesCondition(query, ofHosts, byName)} AND ${timeCondition}`;
}

/** One number of both: a page of twelve curves of 20 instances takes the engine a sixth less, and who reads it a quarter. */
const reporterId = "host_id * 31 + instance_id AS reporter_id";

function samplesCondition(query: AttributeFilter, ofHosts: boolean, byName: boolean): string {
  if (byName) return `${ofHosts ? hostCondition(query) : reporterCondition(query)} AND name IN {names:Array(String)}`;
  return `${ofHosts ? hostIdCondition(query) : reporterIdCondition(query)} AND name_id IN {keys:Array(UInt64)}`;
}

function metricsQuery(query: MetricsQuery, stepS: number, ofHosts: boolean): string {
  const { split = MetricSplit.None, statistic = Statistic.Mean } = query;
  const { table, asReported, byName } = sourceOf(stepS);
  const column = (key: string) => (byName ? key : `${key}_id`);
  const isAveraged = (list: string) => `has({${list}:Array(${byName ? "String" : "UInt64"})}, of_name)`;
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
    SELECT toString(of_name) AS name, any(kind_) AS kind, toString(host_) AS host, toString(instance_) AS instance,
      groupArray(second) AS seconds, groupArray(one) AS values
    FROM (
      SELECT of_name, ${host} AS host_, ${instance} AS instance_, second, any(of_kind) AS kind_,
        multiIf(any(of_kind) = 1, sum(each), ${isAveraged("mean")}, avg(each), ${isAveraged("min")}, min(each),
          ${isAveraged("max")}, max(each), sum(each)) AS one
      FROM (
        SELECT ${column("name")} AS of_name, ${column("host")} AS from_host, ${column("instance")} AS from_instance,
          intDiv(toUnixTimestamp(time), {stepS:UInt32}) * {stepS:UInt32} AS second,
          any(kind) AS of_kind, if(of_kind = 1, ${added}, ${gauge[statistic]}) AS each
        FROM ${table}
        WHERE ${samplesCondition(query, ofHosts, byName)} AND ${timeCondition}
        GROUP BY of_name, from_host, from_instance, second
      )
      GROUP BY of_name, host_, instance_, second
    )
    GROUP BY of_name, host_, instance_
    ORDER BY of_name, host_, instance_
    LIMIT ${metricSeriesMax + 1}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
