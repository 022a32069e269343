import type { StoreClients } from "../client.ts";
import { keyId, keyIdText } from "../ingest/key-id.ts";
import { InvalidQuery } from "../store-error.ts";
import { ask } from "./ask.ts";
import { type Condition, compileExpression } from "./logs-compile.ts";
import { parseExpression, patternsOf } from "./logs-parser.ts";

// Values by minute for many alarm rules at once: one statement for each kind of data, whatever the number of rules. Each
// row of a table is counted once for each grouping that a rule asks for (ARRAY JOIN over bit masks), so that totals,
// instances and hosts come from one pass.

/** Series of one answer; more is refused, as an evaluator must know that it sees all. */
export const alarmSeriesMax = 50_000;

/** Seconds that one of these statements may take. */
const maxSeconds = 10;

/** Minutes to read: whole minutes since 1970 UTC, `to` exclusive. At most two ranges (today, and the same of yesterday). */
export interface MinuteRange {
  readonly from: number;
  readonly to: number;
}

/** Which services to read: exact names and first levels (`Flight.`); `any` is all of them. */
export interface ServiceSelection {
  readonly any: boolean;
  readonly names: readonly string[];
  readonly prefixes: readonly string[];
}

/** Which calls to read. */
export interface CallMinutesQuery {
  readonly ranges: readonly MinuteRange[];
  readonly services: ServiceSelection;
  readonly groupings: readonly { readonly byInstance: boolean; readonly byMethod: boolean }[];
  /** Methods that are told apart where a grouping asks for it; others are not read there. */
  readonly methods: readonly string[];
  /** Merge histograms; without it `p99Ms` is 0. */
  readonly withP99: boolean;
}

/** Calls of one service, instance or method by minute. */
export interface CallMinutes {
  /** 1 as the service counted them, 2 as its callers did. */
  side: number;
  service: string;
  /** Empty unless grouped by it; which grouping a series is of is in `byInstance`, `byMethod`. */
  instance: string;
  method: string;
  byInstance: boolean;
  byMethod: boolean;
  /** [minute, calls, failures, p99 ms] */
  points: [number, number, number, number][];
}

/** Which metrics to read. */
export interface SampleMinutesQuery {
  readonly ranges: readonly MinuteRange[];
  readonly names: readonly string[];
  readonly services: ServiceSelection;
  readonly groupings: readonly {
    readonly byService: boolean;
    readonly byInstance: boolean;
    readonly byHost: boolean;
  }[];
}

/** One metric of one service, instance or host by minute. */
export interface SampleMinutes {
  name: string;
  service: string;
  instance: string;
  host: string;
  byService: boolean;
  byInstance: boolean;
  byHost: boolean;
  /** 1 counter, 2 gauge. */
  kind: number;
  /** [minute, sum, count, least, greatest]; a value that is no number is null. */
  points: [number, number | null, number, number | null, number | null][];
}

/** Which log lines to count. */
export interface LogMinutesQuery {
  readonly ranges: readonly MinuteRange[];
  readonly services: ServiceSelection;
  readonly groupings: readonly { readonly byInstance: boolean; readonly byHost: boolean }[];
  /** At most 50; a line counts for each that it matches. */
  readonly patterns: readonly {
    /** Least level, as in telemetry.proto; 0: any. */
    readonly level: number;
    /** Part of the text, whatever its case; empty: any. */
    readonly text: string;
    /** An expression, see `parseExpression`; empty: none. One with a mistake fails the whole question: `assertAlarmExpression` first. */
    readonly where: string;
  }[];
}

/** Matching log lines of one service, instance or host by minute. */
export interface LogMinutes {
  service: string;
  instance: string;
  host: string;
  byInstance: boolean;
  byHost: boolean;
  /** [minute, count for each pattern]; minutes without any match are absent. */
  points: [number, number[]][];
}

/** That one service called another. */
export interface CallEdge {
  caller: string;
  callee: string;
}

const bit = (mask: string, index: number) => `bitTest(${mask}, ${index})`;

/**
 * Read calls by minute.
 *
 * @throws InvalidQuery (too many series), StoreUnavailable, TelemetryStoreError
 */
export async function queryCallMinutes(clients: StoreClients, query: CallMinutesQuery): Promise<CallMinutes[]> {
  const masks = query.groupings.map(({ byInstance, byMethod }) => Number(byInstance) + 2 * Number(byMethod));
  if (masks.length === 0 || query.ranges.length === 0) return [];
  const histogram = query.withP99 ? "sumMap(histogram)" : "(emptyArrayUInt16(), emptyArrayUInt64())";
  const rows = await ask<CallMinutes & { mask: number }>(
    clients,
    "read calls for alarms",
    `WITH merged.2 AS counts, arrayCumSum(counts) AS running, arraySum(counts) AS total,
      arrayFirstIndex(c -> c >= 0.99 * total, running) AS rank
    SELECT mask, side, service, instance, method,
      groupArray((minute, calls, failures, if(total = 0, 0, pow(2, (merged.1[rank]
        + (0.99 * total - (running[rank] - merged.2[rank])) / merged.2[rank]) / 8) / 1000))) AS points
    FROM (
      SELECT mask, side, callee AS service, if(${bit("mask", 0)}, callee_instance, '') AS instance,
        if(${bit("mask", 1)}, call_minute.method, '') AS method, intDiv(toUnixTimestamp(time), 60) AS minute,
        sum(count) AS calls, sumIf(count, code != 0) AS failures, ${histogram} AS merged
      FROM call_minute ARRAY JOIN {masks:Array(UInt8)} AS mask
      WHERE ${whereTime("time", query.ranges)} AND ${whereService("callee")}
        AND (NOT ${bit("mask", 1)} OR call_minute.method IN {methods:Array(String)})
      GROUP BY mask, side, service, instance, method, minute
    )
    GROUP BY mask, side, service, instance, method
    ${bounds}`,
    {
      ...rangeParams(query.ranges),
      ...serviceParams(query.services),
      masks: [...new Set(masks)],
      methods: query.methods,
    },
  );
  return complete(rows).map(({ mask, ...row }) => ({
    ...row,
    byInstance: (mask & 1) !== 0,
    byMethod: (mask & 2) !== 0,
  }));
}

/**
 * Read metrics by minute.
 *
 * @throws InvalidQuery (too many series), StoreUnavailable, TelemetryStoreError
 */
export async function querySampleMinutes(clients: StoreClients, query: SampleMinutesQuery): Promise<SampleMinutes[]> {
  const masks = query.groupings.map(
    ({ byService, byInstance, byHost }) => Number(byService) + 2 * Number(byInstance) + 4 * Number(byHost),
  );
  if (masks.length === 0 || query.ranges.length === 0 || query.names.length === 0) return [];
  const known = await readKeys(clients, query);
  const rows = await ask<SampleMinutes & { mask: number }>(
    clients,
    "read metrics for alarms",
    `SELECT mask, toString(name_id) AS name, toString(target_service) AS service, toString(target_instance) AS instance,
      toString(target_host) AS host, max(sample_kind) AS kind, groupArray((minute, total, number, least, greatest)) AS points
    FROM (
      SELECT mask, name_id, if(${bit("mask", 0)}, service_id, {nobody:UInt64}) AS target_service,
        if(${bit("mask", 1)}, instance_id, {nobody:UInt64}) AS target_instance, if(${bit("mask", 2)}, host_id, {nobody:UInt64}) AS target_host,
        intDiv(toUnixTimestamp(time), 60) AS minute, max(kind) AS sample_kind,
        sum(value) AS total, count() AS number, min(value) AS least, max(value) AS greatest
      FROM series_sample ARRAY JOIN {masks:Array(UInt8)} AS mask
      WHERE name_id IN {names:Array(UInt64)} AND ${whereTime("time", query.ranges)} AND service_id IN {services:Array(UInt64)}
      GROUP BY mask, name_id, target_service, target_instance, target_host, minute
    )
    GROUP BY mask, name_id, target_service, target_instance, target_host
    ${bounds}`,
    {
      ...rangeParams(query.ranges),
      masks: [...new Set(masks)],
      names: query.names.map(keyId),
      services: known.chosen.map(keyId),
      nobody: keyId(""),
    },
  );
  return complete(rows).flatMap(({ mask, ...row }) => {
    const [name, service, instance, host] = [row.name, row.service, row.instance, row.host].map((id) =>
      known.textOf.get(id),
    );
    // Whose first hour came between the two answers is known a minute later.
    if (name === undefined || service === undefined || instance === undefined || host === undefined) return [];
    const by = { byService: (mask & 1) !== 0, byInstance: (mask & 2) !== 0, byHost: (mask & 4) !== 0 };
    return [{ ...row, name, service, instance, host, ...by }];
  });
}

/** What is known of who reported some metrics. */
interface KnownKeys {
  /** The services that are asked for; an empty one stands for hosts. */
  readonly chosen: readonly string[];
  /** Each name, service, instance and host by the number that stands for it, nobody (empty) too. */
  readonly textOf: ReadonlyMap<string, string>;
}

/** Who reported some of these metrics in the hours of a question. */
async function readKeys(clients: StoreClients, { ranges, names, services }: SampleMinutesQuery): Promise<KnownKeys> {
  const hours = ranges.map(({ from, to }) => ({ from: Math.floor(from / 60) * 60, to: Math.ceil(to / 60) * 60 }));
  const [found] = await ask<Record<"chosen" | "instances" | "hosts", string[]>>(
    clients,
    "read metrics for alarms",
    `SELECT groupUniqArray(service) AS chosen, groupUniqArray(instance) AS instances, groupUniqArray(host) AS hosts
    FROM sample_hour WHERE name IN {names:Array(String)} AND ${whereTime("time", hours)} AND ${whereService("service")}
    SETTINGS max_execution_time = ${maxSeconds}`,
    { ...rangeParams(hours), ...serviceParams(services), names },
  );
  const { chosen, instances, hosts } = found ?? { chosen: [], instances: [], hosts: [] };
  const texts = ["", ...names, ...chosen, ...instances, ...hosts];
  return { chosen, textOf: new Map(texts.map((text) => [keyIdText(text), text])) };
}

/**
 * Count log lines by minute.
 *
 * @throws InvalidQuery (too many series or patterns), StoreUnavailable, TelemetryStoreError
 */
export async function queryLogMinutes(clients: StoreClients, query: LogMinutesQuery): Promise<LogMinutes[]> {
  const { patterns } = query;
  if (patterns.length > 50) throw new InvalidQuery(`patterns has ${patterns.length} entries: at most 50`);
  const masks = query.groupings.map(({ byInstance, byHost }) => Number(byInstance) + 2 * Number(byHost));
  if (masks.length === 0 || query.ranges.length === 0 || patterns.length === 0) return [];
  const conditions = patterns.map(({ where }, index) => compileWhere(where, `where${index}_`));
  const matches = patterns.map(({ text }, index) =>
    [
      `level >= {level${index}:UInt8}`,
      ...(text === "" ? [] : [`positionCaseInsensitiveUTF8(text, {text${index}:String}) > 0`]),
      ...(conditions[index] === undefined ? [] : [conditions[index].sql]),
    ].join(" AND "),
  );
  const rows = await ask<LogMinutes & { mask: number }>(
    clients,
    "count log lines for alarms",
    `SELECT mask, target_service AS service, target_instance AS instance, target_host AS host, groupArray((minute, counts)) AS points
    FROM (
      SELECT mask, service AS target_service, if(${bit("mask", 0)}, instance, '') AS target_instance,
        if(${bit("mask", 1)}, host, '') AS target_host, intDiv(toUnixTimestamp(time), 60) AS minute,
        [${matches.map((match) => `countIf(${match})`).join(", ")}] AS counts
      FROM log_line ARRAY JOIN {masks:Array(UInt8)} AS mask
      WHERE ${whereTime("time", query.ranges)} AND ${whereService("service")} AND level >= {leastLevel:UInt8}
      GROUP BY mask, target_service, target_instance, target_host, minute
      HAVING arraySum(counts) > 0
    )
    GROUP BY mask, service, instance, host
    ${bounds}`,
    {
      ...rangeParams(query.ranges),
      ...serviceParams(query.services),
      ...Object.fromEntries(
        patterns.flatMap(({ level, text }, index) => [
          [`level${index}`, level],
          [`text${index}`, text],
        ]),
      ),
      ...Object.assign({}, ...conditions.map((condition) => condition?.params)),
      leastLevel: Math.min(...patterns.map(({ level }) => level)),
      masks: [...new Set(masks)],
    },
  );
  return complete(rows).map(({ mask, ...row }) => ({
    ...row,
    byInstance: (mask & 1) !== 0,
    byHost: (mask & 2) !== 0,
  }));
}

/**
 * Which services called which, as either side counted it.
 *
 * @throws InvalidQuery (too many), StoreUnavailable, TelemetryStoreError
 */
export async function queryCallEdges(clients: StoreClients, range: MinuteRange): Promise<CallEdge[]> {
  return complete(
    await ask<CallEdge>(
      clients,
      "read who calls whom",
      `SELECT DISTINCT caller, callee FROM call_minute
      WHERE ${whereTime("time", [range])} AND caller != '' AND callee != '' AND caller != callee
      ${bounds}`,
      rangeParams([range]),
    ),
  );
}

/** Bounds of the regular expressions of an alarm rule: each reads the whole text of an hour of lines, every minute. */
export const alarmPatternLimits = {
  characters: 200,
  ofRule: 3,
} as const;

/** Whether an expression has a regular expression. @throws InvalidExpression */
export function hasPattern(where: string): boolean {
  return patternsOf(parseExpression(where)).length > 0;
}

/**
 * Check an expression that an alarm rule is to use, as far as can be told without the store (`AlarmSeries.assertPatterns` asks it).
 *
 * @throws InvalidExpression where it cannot be read; InvalidQuery for too many or too long regular expressions
 */
export function assertAlarmExpression(where: string): void {
  const expression = parseExpression(where);
  if (expression === undefined) return;
  const patterns = patternsOf(expression);
  if (patterns.length > alarmPatternLimits.ofRule) {
    throw new InvalidQuery(
      `${patterns.length} regular expressions (=~): at most ${alarmPatternLimits.ofRule} in a rule`,
    );
  }
  for (const { value } of patterns) {
    const { length } = [...value.text];
    if (length <= alarmPatternLimits.characters) continue;
    throw new InvalidQuery(
      `a regular expression of ${length} characters: at most ${alarmPatternLimits.characters} in a rule`,
    );
  }
  compileExpression(expression, new Map());
}

/** Fields that the user defined are read from the map of fields like all others: slower, and the same. */
function compileWhere(where: string, prefix: string): Condition | undefined {
  const expression = parseExpression(where);
  return expression === undefined ? undefined : compileExpression(expression, new Map(), prefix);
}

const bounds = `LIMIT ${alarmSeriesMax + 1} SETTINGS max_execution_time = ${maxSeconds}`;

function complete<Row>(rows: Row[]): Row[] {
  if (rows.length <= alarmSeriesMax) return rows;
  throw new InvalidQuery(`more than ${alarmSeriesMax} series: name services or fewer instances in the rules`);
}

function whereTime(column: string, ranges: readonly MinuteRange[]): string {
  const parts = ranges.map((_, index) => {
    const bound = (side: string) => `toDateTime({${side}${index}:UInt32}, 'UTC')`;
    return `(${column} >= ${bound("from")} AND ${column} < ${bound("to")})`;
  });
  return `(${parts.join(" OR ")})`;
}

function rangeParams(ranges: readonly MinuteRange[]): Record<string, number> {
  return Object.fromEntries(
    ranges.flatMap(({ from, to }, index) => [
      [`from${index}`, from * 60],
      [`to${index}`, to * 60],
    ]),
  );
}

const whereService = (column: string) =>
  `({anyService:Bool} OR ${column} IN {serviceNames:Array(String)} OR arrayExists(p -> startsWith(${column}, p), {servicePrefixes:Array(String)}))`;

function serviceParams({ any, names, prefixes }: ServiceSelection): Record<string, unknown> {
  return { anyService: any, serviceNames: names, servicePrefixes: prefixes };
}
