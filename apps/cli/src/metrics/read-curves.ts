import type { Client } from "@connectrpc/connect";
import {
  type Attribute,
  MetricKind,
  type MetricService,
  type MetricSplit,
  type QueryMetricsResponse,
  type Statistic,
} from "@msec/api/console/v1/metrics_pb.js";

/** Whose curves, and how they are made. */
export interface CurveQuery {
  /** Empty: any, as of the two below. */
  readonly service: string;
  readonly instance: string;
  readonly host: string;
  readonly statistic: Statistic;
  readonly split: MetricSplit;
  /** Compare with the same range so many days before; 0: not. */
  readonly daysBefore: number;
}

/** Milliseconds since 1970 UTC, `from <= t < to`, and seconds between two points. */
export interface CurveRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepS: number;
}

/** One curve. */
export interface Curve {
  readonly attribute: Attribute;
  /** Empty unless split by host or instance. */
  readonly host: string;
  /** Empty unless split by instance. */
  readonly instance: string;
  /** One for each step: NaN where a gauge, 0 where a counter had nothing. */
  readonly values: readonly number[];
  /** The same days before; undefined where it is not compared, or there was none. */
  readonly before: readonly number[] | undefined;
}

/** Curves on one axis of time. */
export interface Curves {
  readonly fromMs: number;
  readonly stepS: number;
  readonly points: number;
  readonly curves: readonly Curve[];
  /** There are more. */
  readonly truncated: boolean;
}

/** Attributes of one question to the server. */
const chunkNames = 60;

const dayMs = 86_400_000;

/** The steps that the server has, in seconds. */
export const curveSteps = [1, 10, 60, 600, 3_600, 86_400] as const;

/** Minutes, or the next longer step with which a range has no more points than a day of minutes. */
export function usualStep(spanMs: number): number {
  return curveSteps.find((step) => step >= 60 && spanMs / (step * 1_000) <= 1_440) ?? 86_400;
}

/** The range up to the last step that is complete. @param nowMs  samples of a step are in the store three seconds after it */
export function wholeSteps({ fromMs, toMs, stepS }: CurveRange, nowMs: number): CurveRange {
  const floor = (ms: number) => Math.floor(ms / (stepS * 1_000)) * stepS * 1_000;
  const end = floor(Math.min(toMs, nowMs - 3_000));
  return { fromMs: Math.min(floor(fromMs), end - stepS * 1_000), toMs: end, stepS };
}

/** Curves of some attributes, in their order, with those of days before where they are compared. */
export async function readCurves(
  api: Client<typeof MetricService>,
  query: CurveQuery,
  attributes: readonly Attribute[],
  range: CurveRange,
): Promise<Curves> {
  const chunks = Array.from({ length: Math.ceil(attributes.length / chunkNames) }, (_, chunk) =>
    attributes.slice(chunk * chunkNames, (chunk + 1) * chunkNames),
  );
  const parts: Curves[] = [];
  for (const chunk of chunks) parts.push(await readChunk(api, query, chunk, range));
  return {
    ...{ fromMs: range.fromMs, stepS: range.stepS, points: 0, ...parts[0] },
    curves: parts.flatMap(({ curves }) => curves),
    truncated: parts.some(({ truncated }) => truncated),
  };
}

async function readChunk(
  api: Client<typeof MetricService>,
  { daysBefore, ...query }: CurveQuery,
  attributes: readonly Attribute[],
  range: CurveRange,
): Promise<Curves> {
  const names = attributes.map(({ name }) => name);
  const ask = (shiftMs: number) =>
    api.queryMetrics({
      ...{ ...query, names },
      ...{ fromMs: range.fromMs - shiftMs, toMs: range.toMs - shiftMs, stepS: range.stepS },
    });
  const [now, before] = await Promise.all([ask(0), daysBefore === 0 ? undefined : ask(daysBefore * dayMs)]);
  const byName = new Map(attributes.map((attribute) => [attribute.name, attribute]));
  return {
    fromMs: now.fromMs,
    stepS: now.stepS,
    points: now.points,
    curves: now.series.flatMap(({ name, host, instance, values }) => {
      const attribute = byName.get(name);
      if (attribute === undefined) return [];
      const same = before?.series.find((one) => one.name === name && one.host === host && one.instance === instance);
      const earlier = before && same && onStepsOf(now, before, same.values, attribute.kind);
      return [{ attribute, host, instance, values, before: earlier }];
    }),
    truncated: now.truncated || (before?.truncated ?? false),
  };
}

/** Values of an answer on the steps of another, whose steps may be shorter: a counter's are then a part of the longer step's. */
export function onStepsOf(
  target: Pick<QueryMetricsResponse, "stepS" | "points">,
  source: Pick<QueryMetricsResponse, "stepS">,
  values: readonly number[],
  kind: MetricKind,
): number[] {
  const share = kind === MetricKind.COUNTER ? target.stepS / source.stepS : 1;
  return Array.from(
    { length: target.points },
    (_, i) => (values[Math.floor((i * target.stepS) / source.stepS)] ?? Number.NaN) * share,
  );
}
