import {
  AlarmAggregate,
  AlarmBaseline,
  type AlarmRule,
  AlarmScope,
  AlarmSubject,
} from "@msec/api/console/v1/alarms_pb.js";
import {
  type AlarmSeries,
  type CallMinutes,
  hasPattern,
  type MinuteRange,
  type SampleMinutes,
  type ServiceSelection,
} from "@msec/telemetry-store/alarm-series";
import { dayBefore, dayMinutes, type Series, windowMinutes } from "../engine/judge.ts";
import { logLevels } from "../engine/rule.ts";
import { matchesService } from "../engine/target.ts";
import type { LivenessLog } from "./liveness-log.ts";

/** Where the values of rules come from; each source is read, and can fail, by itself. */
export const Source = {
  Calls: "calls",
  Metric: "metric",
  Log: "log",
  /** Log lines by a regular expression: one that takes too long keeps no other rule from being judged. */
  LogPattern: "log-pattern",
  Liveness: "liveness",
} as const;
/** One of the values of `Source`. */
export type Source = (typeof Source)[keyof typeof Source];

/** All sources, the surest first: what they say explains what the others say. */
export const sources: readonly Source[] = [Source.Liveness, Source.Calls, Source.Metric, Source.Log, Source.LogPattern];

/** Minutes in which a target must have been seen to be one; more where a rule looks further back. */
const lookBackMinutes = 60;

/** Where a rule's values come from. */
export function sourceOf({ subject, logWhere }: AlarmRule): Source {
  switch (subject) {
    case AlarmSubject.METRIC:
      return Source.Metric;
    case AlarmSubject.LOG:
      return hasPattern(logWhere) ? Source.LogPattern : Source.Log;
    case AlarmSubject.LIVENESS:
      return Source.Liveness;
    default:
      return Source.Calls;
  }
}

/** Makes the series of each rule, by its id: a thousand rules on a thousand instances are a million, which are there one rule at a time. */
export type RuleSeries = ReadonlyMap<string, () => Series[]>;

/**
 * Read what rules of one source need to judge some minutes: one question to the store, whatever their number.
 *
 * @param from  the first minute that is judged
 * @param to    the minute after the last
 * @throws TelemetryStoreError
 */
export async function readSeries(
  series: AlarmSeries,
  liveness: LivenessLog,
  source: Source,
  rules: readonly AlarmRule[],
  from: number,
  to: number,
): Promise<RuleSeries> {
  if (rules.length === 0) return new Map();
  switch (source) {
    case Source.Calls:
      return await readCalls(series, rules, rangesFor(rules, from, to), from);
    case Source.Metric:
      return await readSamples(series, rules, rangesFor(rules, from, to), from);
    case Source.Log:
    case Source.LogPattern:
      return await readLogs(series, rules, rangesFor(rules, from, to));
    case Source.Liveness: {
      const first = from - Math.max(...rules.map(windowMinutes));
      return new Map(rules.map((rule) => [rule.id, () => liveness.series(rule, first, to)]));
    }
  }
}

function rangesFor(rules: readonly AlarmRule[], from: number, to: number): MinuteRange[] {
  const back = Math.max(lookBackMinutes, ...rules.map(windowMinutes));
  const today = { from: from - back, to };
  const yesterday = rules.filter(({ baseline }) => baseline === AlarmBaseline.YESTERDAY);
  if (yesterday.length === 0) return [today];
  const first = from - Math.max(...yesterday.map(windowMinutes));
  const more = clockChangeMinutes(first, to);
  const earlier = { from: first - dayMinutes - more, to: to - dayMinutes + more };
  // A preview of a whole day touches the day before.
  if (earlier.to >= today.from) return [{ from: Math.min(earlier.from, today.from), to }];
  return [earlier, today];
}

/** By how many minutes the day before any of these minutes was longer or shorter than a day. */
function clockChangeMinutes(from: number, to: number): number {
  let most = 0;
  for (let minute = from; minute < to + 30; minute += 30) {
    most = Math.max(most, Math.abs(minute - dayBefore(minute) - dayMinutes));
  }
  return most;
}

function servicesOf(rules: readonly AlarmRule[]): ServiceSelection {
  const patterns = [...new Set(rules.map(({ service }) => service))];
  return {
    any: patterns.some((pattern) => pattern === "*" || pattern === ""),
    names: patterns.filter((pattern) => pattern !== "" && !pattern.endsWith("*")),
    prefixes: patterns.filter((pattern) => pattern.endsWith(".*")).map((pattern) => pattern.slice(0, -1)),
  };
}

function distinct<Item>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

/** The first minute whose value a rule needs; what was before it tells only that the target is there. */
function firstNeeded(rule: AlarmRule, from: number): number {
  return rule.baseline === AlarmBaseline.YESTERDAY ? 0 : from - windowMinutes(rule);
}

async function readCalls(
  series: AlarmSeries,
  rules: readonly AlarmRule[],
  ranges: MinuteRange[],
  from: number,
): Promise<RuleSeries> {
  const groupingOf = (rule: AlarmRule) => ({
    byInstance: rule.scope === AlarmScope.INSTANCE,
    byMethod: rule.method !== "",
  });
  const rows = await series.queryCalls({
    ranges,
    services: servicesOf(rules),
    groupings: distinct(rules.map(groupingOf)),
    methods: [...new Set(rules.map(({ method }) => method).filter((method) => method !== ""))],
    withP99: rules.some(({ subject }) => subject === AlarmSubject.P99),
  });
  return new Map(
    rules.map((rule) => {
      const { byInstance, byMethod } = groupingOf(rule);
      const side = rule.countedByCallers ? 2 : 1;
      const mine = () =>
        rows.filter(
          (row) =>
            row.side === side &&
            row.byInstance === byInstance &&
            row.byMethod === byMethod &&
            row.method === rule.method &&
            row.service !== "" &&
            (!byInstance || row.instance !== "") &&
            matchesService(rule.service, row.service),
        );
      return [rule.id, () => mine().map((row) => callSeries(rule, row, firstNeeded(rule, from)))];
    }),
  );
}

function callSeries(rule: AlarmRule, { service, instance, points }: CallMinutes, first: number): Series {
  const least = Math.max(1, rule.minCalls);
  const values = new Map<number, number>();
  for (const [minute, calls, failures, p99] of points) {
    if (minute < first) continue;
    if (rule.subject === AlarmSubject.CALLS) values.set(minute, calls);
    else if (calls >= least) values.set(minute, rule.subject === AlarmSubject.P99 ? p99 : (failures / calls) * 100);
  }
  return { target: { service, instance, host: "" }, values, empty: emptyOf(rule) };
}

async function readSamples(
  series: AlarmSeries,
  rules: readonly AlarmRule[],
  ranges: MinuteRange[],
  from: number,
): Promise<RuleSeries> {
  const groupingOf = (rule: AlarmRule) => ({
    byService: rule.service !== "",
    byInstance: rule.scope === AlarmScope.INSTANCE,
    byHost: rule.scope === AlarmScope.HOST,
  });
  const rows = await series.querySamples({
    ranges,
    names: [...new Set(rules.map(({ metric }) => metric))],
    services: servicesOf(rules),
    groupings: distinct(rules.map(groupingOf)),
  });
  return new Map(
    rules.map((rule) => {
      const { byService, byInstance, byHost } = groupingOf(rule);
      const mine = () =>
        rows.filter(
          (row) =>
            row.name === rule.metric &&
            row.byService === byService &&
            row.byInstance === byInstance &&
            row.byHost === byHost &&
            (!byService || matchesService(rule.service, row.service)),
        );
      return [rule.id, () => mine().map((row) => sampleSeries(rule, row, firstNeeded(rule, from)))];
    }),
  );
}

function sampleSeries(rule: AlarmRule, row: SampleMinutes, first: number): Series {
  const { service, instance, host, kind, points } = row;
  const aggregate =
    rule.aggregate === AlarmAggregate.UNSPECIFIED
      ? kind === 1
        ? AlarmAggregate.SUM
        : AlarmAggregate.MEAN
      : rule.aggregate;
  const values = new Map<number, number>();
  for (const [minute, sum, count, least, greatest] of points) {
    if (minute < first) continue;
    const value =
      aggregate === AlarmAggregate.SUM
        ? sum
        : aggregate === AlarmAggregate.MAX
          ? greatest
          : aggregate === AlarmAggregate.MIN
            ? least
            : sum === null
              ? null
              : sum / count;
    // What is no number is data all the same: not silence, and not to be judged.
    values.set(minute, value ?? Number.NaN);
  }
  return {
    target: { service, instance, host },
    values,
    empty: aggregate === AlarmAggregate.SUM && kind === 1 ? 0 : undefined,
  };
}

async function readLogs(series: AlarmSeries, rules: readonly AlarmRule[], ranges: MinuteRange[]): Promise<RuleSeries> {
  const groupingOf = (rule: AlarmRule) => ({
    byInstance: rule.scope === AlarmScope.INSTANCE,
    byHost: rule.scope === AlarmScope.HOST,
  });
  const rows = await series.queryLogs({
    ranges,
    services: servicesOf(rules),
    groupings: distinct(rules.map(groupingOf)),
    patterns: rules.map(({ logLevel, logText, logWhere }) => ({
      level: logLevels.get(logLevel) ?? 0,
      text: logText,
      where: logWhere,
    })),
  });
  return new Map(
    rules.map((rule, index) => {
      const { byInstance, byHost } = groupingOf(rule);
      const mine = () =>
        rows.filter(
          (row) => row.byInstance === byInstance && row.byHost === byHost && matchesService(rule.service, row.service),
        );
      const all = () =>
        mine().map(({ service, instance, host, points }): Series => {
          const values = new Map<number, number>();
          for (const [minute, counts] of points) if ((counts[index] ?? 0) > 0) values.set(minute, counts[index] ?? 0);
          return { target: { service, instance, host }, values, empty: 0 };
        });
      return [rule.id, () => all().filter(({ values }) => values.size > 0)];
    }),
  );
}

/** What a minute without data means to a rule, as far as the rule alone tells. */
export function emptyOf({ subject, aggregate }: AlarmRule): 0 | undefined {
  const counted =
    subject === AlarmSubject.CALLS ||
    subject === AlarmSubject.LOG ||
    (subject === AlarmSubject.METRIC && aggregate === AlarmAggregate.SUM);
  return counted ? 0 : undefined;
}
