import { metricValueProblem, SampleKind } from "@msec/telemetry";
import type { KeyValue } from "../gen/opentelemetry/proto/common/v1/common_pb.js";
import {
  AggregationTemporality,
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  type Metric,
  type NumberDataPoint,
  type ResourceMetrics,
} from "../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import type { CumulativeState } from "./cumulative-state.ts";
import { bucketsInOrder, type ExponentialBuckets, SCALE_MAX, SCALE_MIN } from "./exponential-buckets.ts";
import { type Bucket, histogramQuantile } from "./histogram-quantile.ts";
import type { IntakeOutput } from "./intake-output.ts";
import { metricSeriesName } from "./metric-series-name.ts";
import { type NameLimit, tooManySeries } from "./name-limit.ts";
import { otlpLimits as limits } from "./otlp-limits.ts";
import { type Reporter, reporterOf } from "./reporter.ts";

const PREFIX = "usr.";
const NO_VALUE = 1;
const quantiles = [
  ["p50", 0.5],
  ["p90", 0.9],
  ["p99", 0.99],
] as const;

/** What outlives a request. */
export type MetricMemory = {
  readonly cumulative: CumulativeState<readonly number[]>;
  readonly exponential: CumulativeState<ExponentialBuckets>;
  readonly series: NameLimit;
};

/** Puts points down as samples; see docs/decisions/0011-open-telemetry.md, "Metrics". */
export function takeMetrics(all: readonly ResourceMetrics[], output: IntakeOutput, memory: MetricMemory): void {
  for (const { resource, scopeMetrics } of all) {
    const taker = new PointTaker(reporterOf(resource), output, memory);
    for (const { metrics } of scopeMetrics) for (const metric of metrics) taker.take(metric);
  }
}

type AnyPoint = {
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  readonly flags: number;
  readonly attributes: readonly KeyValue[];
};

class PointTaker {
  readonly #reporter: Reporter;
  readonly #output: IntakeOutput;
  readonly #memory: MetricMemory;
  readonly #owner: string;

  constructor(reporter: Reporter, output: IntakeOutput, memory: MetricMemory) {
    this.#reporter = output.admit(reporter);
    this.#output = output;
    this.#memory = memory;
    // Who it is by its own word: what grows since several programs began grows for each of them alone.
    this.#owner = `${reporter.service} ${reporter.instance}`;
  }

  take({ name, data }: Metric): void {
    switch (data.case) {
      case "gauge":
        for (const point of data.value.dataPoints) this.#gauge(name, point);
        break;
      case "sum": {
        const { dataPoints, aggregationTemporality, isMonotonic } = data.value;
        const isDelta = aggregationTemporality === AggregationTemporality.DELTA;
        for (const point of dataPoints) {
          // What may fall, since a program began, is how much there is now.
          if (!isMonotonic && !isDelta) this.#gauge(name, point);
          else this.#sum(name, point, isDelta, isMonotonic);
        }
        break;
      }
      case "histogram": {
        const isDelta = data.value.aggregationTemporality === AggregationTemporality.DELTA;
        for (const point of data.value.dataPoints) this.#histogram(name, point, isDelta);
        break;
      }
      case "exponentialHistogram": {
        const isDelta = data.value.aggregationTemporality === AggregationTemporality.DELTA;
        for (const point of data.value.dataPoints) this.#exponential(name, point, isDelta);
        break;
      }
      case "summary":
        for (const point of data.value.dataPoints) {
          const second = this.#begin(point);
          if (second === undefined) continue;
          this.#totals(name, point, second, Number(point.count), point.sum, false);
          for (const { quantile, value } of point.quantileValues.slice(0, 10)) {
            const label = `p${Math.round(quantile * 1_000) / 10}`;
            this.#put(SampleKind.gauge, `${name}.${label}`, point.attributes, value, second);
          }
        }
        break;
      default:
        // A kind of a later version.
        if (this.#output.admits()) this.#output.reject("it has no data of a known kind");
    }
  }

  #gauge(name: string, point: NumberDataPoint): void {
    const second = this.#begin(point);
    if (second !== undefined) this.#put(SampleKind.gauge, name, point.attributes, numberOf(point), second);
  }

  #sum(name: string, point: NumberDataPoint, isDelta: boolean, isMonotonic: boolean): void {
    const second = this.#begin(point);
    if (second === undefined) return;
    const value = numberOf(point);
    const problem =
      metricValueProblem(value) ??
      (isMonotonic && value < 0 ? `its value is ${value}, and it is said that it only grows` : undefined);
    if (problem !== undefined) {
      this.#output.reject(problem);
      return;
    }
    const [delta] = isDelta ? [value] : (this.#delta(name, point, [value]) ?? []);
    if (delta !== undefined) this.#put(SampleKind.counter, name, point.attributes, delta, second);
  }

  #histogram(name: string, point: HistogramDataPoint, isDelta: boolean): void {
    const second = this.#begin(point);
    if (second === undefined) return;
    const { bucketCounts, explicitBounds } = point;
    if (bucketCounts.length > limits.buckets) {
      this.#output.reject(`it has more than ${limits.buckets} buckets`);
      return;
    }
    if (bucketCounts.length > 0 && bucketCounts.length !== explicitBounds.length + 1) {
      this.#output.reject("bucket_counts must have one element more than explicit_bounds");
      return;
    }
    if (explicitBounds.some((bound, i) => !(bound > (explicitBounds[i - 1] ?? Number.NEGATIVE_INFINITY)))) {
      this.#output.reject("explicit_bounds must ascend");
      return;
    }
    const counts = bucketCounts.map(Number);
    const own = isDelta ? counts : this.#delta(`${name} buckets`, point, counts);
    this.#totals(name, point, second, Number(point.count), point.sum, isDelta);
    const buckets = (own ?? []).map((count, i) => ({
      from: i === 0 ? (point.min ?? Math.min(0, explicitBounds[0] ?? 0)) : explicitBounds[i - 1]!,
      to: explicitBounds[i] ?? point.max ?? Number.POSITIVE_INFINITY,
      count,
    }));
    this.#quantiles(name, point, second, buckets);
  }

  #exponential(name: string, point: ExponentialHistogramDataPoint, isDelta: boolean): void {
    const second = this.#begin(point);
    if (second === undefined) return;
    const { positive, negative, scale } = point;
    const length = (positive?.bucketCounts.length ?? 0) + (negative?.bucketCounts.length ?? 0);
    if (length > limits.buckets) {
      this.#output.reject(`it has more than ${limits.buckets} buckets`);
      return;
    }
    if (scale < SCALE_MIN || scale > SCALE_MAX) {
      this.#output.reject(`its scale is ${scale}, ${SCALE_MIN}…${SCALE_MAX} was expected`);
      return;
    }
    const value: ExponentialBuckets = {
      scale,
      zeroCount: Number(point.zeroCount),
      positive: { offset: positive?.offset ?? 0, counts: (positive?.bucketCounts ?? []).map(Number) },
      negative: { offset: negative?.offset ?? 0, counts: (negative?.bucketCounts ?? []).map(Number) },
    };
    this.#totals(name, point, second, Number(point.count), point.sum, isDelta);
    const own = isDelta ? value : this.#since(this.#memory.exponential, name, point, value);
    if (own !== undefined) this.#quantiles(name, point, second, bucketsInOrder(own));
  }

  #totals(
    name: string,
    point: AnyPoint,
    second: number,
    count: number,
    sum: number | undefined,
    isDelta: boolean,
  ): void {
    const counts = isDelta ? [count] : this.#delta(`${name} count`, point, [count]);
    if (counts !== undefined) this.#put(SampleKind.counter, `${name}.count`, point.attributes, counts[0]!, second);
    if (sum === undefined || !Number.isFinite(sum)) return;
    const sums = isDelta ? [sum] : this.#delta(`${name} sum`, point, [sum]);
    if (sums !== undefined) this.#put(SampleKind.counter, `${name}.sum`, point.attributes, sums[0]!, second);
  }

  #quantiles(name: string, point: AnyPoint, second: number, buckets: readonly Bucket[]): void {
    for (const [label, share] of quantiles) {
      const value = histogramQuantile(buckets, share);
      if (value !== undefined) this.#put(SampleKind.gauge, `${name}.${label}`, point.attributes, value, second);
    }
  }

  /** The second of a point that may be taken. */
  #begin(point: AnyPoint): number | undefined {
    if (!this.#output.admits()) return undefined;
    const timeUs = this.#output.timeUs(point.timeUnixNano);
    if (typeof timeUs === "string") {
      this.#output.reject(timeUs);
      return undefined;
    }
    // Says only that there is no value any more.
    return (point.flags & NO_VALUE) === 0 ? Math.floor(timeUs / 1_000_000) : undefined;
  }

  #delta(series: string, point: AnyPoint, values: readonly number[]): readonly number[] | undefined {
    return this.#since(this.#memory.cumulative, series, point, values);
  }

  #since<Value>(state: CumulativeState<Value>, series: string, point: AnyPoint, value: Value): Value | undefined {
    const name = metricSeriesName(series, point.attributes);
    if (name === undefined) return undefined;
    const { startTimeUnixNano: startNs, timeUnixNano: timeNs } = point;
    return state.delta(`${this.#owner} ${name}`, { startNs, timeNs, value }, this.#output.undo);
  }

  #put(kind: SampleKind, name: string, attributes: readonly KeyValue[], value: number, second: number): void {
    const series = metricSeriesName(name, attributes);
    if (series === undefined) {
      this.#output.reject(`${JSON.stringify(name.slice(0, 60))} is no name for a metric`);
      return;
    }
    const problem = metricValueProblem(value);
    if (problem !== undefined) {
      this.#output.reject(problem);
      return;
    }
    const { service, instance } = this.#reporter;
    if (!this.#memory.series.takes(`${service} ${instance}`, series)) {
      this.#output.reject(tooManySeries(service));
      return;
    }
    this.#output.of(this.#reporter).addSample(kind, PREFIX + series, value, second);
  }
}

function numberOf({ value }: NumberDataPoint): number {
  return value.case === undefined ? Number.NaN : Number(value.value);
}
