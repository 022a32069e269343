import { MetricKind, MetricSplit, Statistic } from "@msec/api/console/v1/metrics_pb.js";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Api } from "../../lib/api.ts";
import { daysBeforeMs } from "../../lib/own-range.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { CurveSplit, GaugeStatistic, type MonitorSearch, monitorGrid, monitorSpan } from "./monitor-search.ts";

const LIST_POLL_MS = 60_000;
const EVENTS_POLL_MS = 10_000;

const statistics = {
  [GaugeStatistic.Mean]: Statistic.MEAN,
  [GaugeStatistic.Min]: Statistic.MIN,
  [GaugeStatistic.Max]: Statistic.MAX,
  [GaugeStatistic.Last]: Statistic.LAST,
} as const;

/** One curve of an attribute. */
export interface MetricCurve {
  readonly name: string;
  /** Values of a step add up, and nothing reported is 0. */
  readonly isCounter: boolean;
  readonly host: string;
  readonly instance: string;
  /** A value for each time; null where a gauge has none. */
  readonly values: readonly (number | null)[];
}

/** Curves on a grid of times without gaps. */
export interface MetricCurves {
  readonly timesMs: readonly number[];
  readonly stepS: number;
  readonly byName: ReadonlyMap<string, readonly MetricCurve[]>;
  readonly truncated: boolean;
}

/** The attributes that somebody reported in the range of a page. */
export function attributesQuery(api: Api, search: MonitorSearch) {
  const { service = "", instance = "", host = "", names = "", range, from, until } = search;
  return queryOptions({
    queryKey: ["attributes", service, instance, host, names, range, from, until],
    queryFn: ({ signal }) => {
      const { fromMs, toMs } = monitorGrid(search, serverNow());
      return api.metric.listAttributes({ service, instance, host, names, fromMs, toMs: toMs + 60_000 }, { signal });
    },
    placeholderData: keepPreviousData,
    retry: false,
    refetchInterval: until === undefined ? LIST_POLL_MS : false,
  });
}

/** Who reported in the range of a page: all, or the processes of one service. */
export function reportersQuery(api: Api, service: string, search: Pick<MonitorSearch, "range" | "from" | "until">) {
  return queryOptions({
    queryKey: ["reporters", service, search.range, search.from, search.until],
    queryFn: ({ signal }) => {
      const { fromMs, toMs } = monitorGrid(search, serverNow());
      return api.metric.listReporters({ service, host: "", fromMs, toMs: toMs + 60_000 }, { signal });
    },
    placeholderData: keepPreviousData,
    refetchInterval: search.until === undefined ? LIST_POLL_MS : false,
  });
}

/**
 * Curves of some attributes.
 *
 * @param names    at most 60
 * @param daysBack the same range so many days before, on the times of the range itself
 * @param stepS    another step than the range's
 */
export function metricsQuery(api: Api, search: MonitorSearch, names: readonly string[], daysBack = 0, stepS?: number) {
  const { service = "", instance = "", host = "", range, from, until, split, stat } = search;
  const { pollMs } = monitorSpan(search, serverNow());
  return queryOptions({
    queryKey: ["metrics", service, instance, host, range, from, until, split, stat, daysBack, stepS, names],
    queryFn: async ({ signal }): Promise<MetricCurves> => {
      const grid = monitorGrid(search, serverNow(), stepS);
      const shiftMs = daysBeforeMs(grid.toMs, daysBack);
      const answer = await api.metric.queryMetrics(
        {
          ...{ service, instance, host, names: [...names] },
          fromMs: grid.fromMs - shiftMs,
          toMs: grid.toMs - shiftMs,
          stepS: grid.stepS,
          statistic: statistics[stat ?? GaugeStatistic.Mean],
          split: splitOf(split),
        },
        { signal },
      );
      const timesMs = Array.from(
        { length: answer.points },
        (_, i) => answer.fromMs + shiftMs + i * answer.stepS * 1_000,
      );
      const curves = answer.series.map((series) => ({
        name: series.name,
        isCounter: series.kind === MetricKind.COUNTER,
        host: series.host,
        instance: series.instance,
        values: series.values.map((value) => (Number.isNaN(value) ? null : value)),
      }));
      return {
        timesMs,
        stepS: answer.stepS,
        byName: Map.groupBy(curves, (curve) => curve.name),
        truncated: answer.truncated,
      };
    },
    placeholderData: keepPreviousData,
    refetchInterval: until === undefined ? pollMs : false,
    // Coming back to what was on the screen a moment ago asks for nothing.
    staleTime: until === undefined ? pollMs : Number.POSITIVE_INFINITY,
  });
}

function splitOf(split: CurveSplit | undefined): MetricSplit {
  if (split === undefined) return MetricSplit.UNSPECIFIED;
  return split === CurveSplit.Instance ? MetricSplit.INSTANCE : MetricSplit.HOST;
}

/** What was done to a service in a range. */
export function eventsQuery(api: Api, service: string, range: { fromMs: number; toMs: number } | undefined) {
  // By the minute: a range that moves with each step is the same question for a while.
  const fromMs = Math.floor((range?.fromMs ?? 0) / 60_000) * 60_000;
  const toMs = Math.ceil((range?.toMs ?? 0) / 60_000) * 60_000 + 60_000;
  return queryOptions({
    queryKey: ["events", service, fromMs, toMs],
    queryFn: ({ signal }) => api.metric.listEvents({ service, fromMs, toMs }, { signal }),
    enabled: range !== undefined && service !== "",
    placeholderData: keepPreviousData,
    staleTime: 10_000,
    // What is done while one looks at the curves is seen on them soon.
    refetchInterval: toMs > serverNow() ? EVENTS_POLL_MS : false,
  });
}

/** What is kept and what it takes. */
export function retentionQuery(api: Api) {
  return queryOptions({
    queryKey: ["retention"],
    queryFn: ({ signal }) => api.metric.getRetention({}, { signal }),
    refetchInterval: 30_000,
  });
}
