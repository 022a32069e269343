import type { ResourceLogs } from "../gen/opentelemetry/proto/logs/v1/logs_pb.js";
import type { ResourceMetrics } from "../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import type { ResourceSpans } from "../gen/opentelemetry/proto/trace/v1/trace_pb.js";
import { CumulativeState, subtractNumbers } from "./cumulative-state.ts";
import { type ExponentialBuckets, subtractBuckets } from "./exponential-buckets.ts";
import { IntakeOutput, type Taken } from "./intake-output.ts";
import { takeLogs } from "./logs-from-otlp.ts";
import { takeMetrics } from "./metrics-from-otlp.ts";
import { NameLimit } from "./name-limit.ts";
import { otlpLimits as limits } from "./otlp-limits.ts";
import { takePlainReport } from "./plain-report.ts";
import { ReporterLimit } from "./reporter-limit.ts";
import { SpanKeeper, type SpanRate } from "./span-keeper.ts";
import { takeSpans } from "./spans-from-otlp.ts";

/**
 * Makes our batches of what programs report over OTLP, and remembers what that takes: cumulative points, names, the sample of spans.
 *
 * Never throws for what a decoded message contains: what cannot be taken is counted in `rejected`.
 */
export class Intake {
  readonly #now: () => number;
  readonly #keeper: SpanKeeper;
  readonly #methods = new NameLimit(limits.methods, limits.allNames);
  readonly #series = new NameLimit(limits.series, limits.allNames);
  readonly #reporters = new ReporterLimit((instance) => {
    this.#methods.forget(instance);
    this.#series.forget(instance);
  });
  readonly #cumulative: CumulativeState<readonly number[]>;
  readonly #exponential: CumulativeState<ExponentialBuckets>;

  /**
   * @param now  milliseconds since 1970 UTC
   * @param spanRate  see `SpanKeeper`
   */
  constructor(now: () => number, spanRate?: SpanRate) {
    this.#now = now;
    this.#keeper = new SpanKeeper(spanRate);
    const sinceNs = BigInt(Math.floor(now())) * 1_000_000n;
    this.#cumulative = new CumulativeState(limits.cumulativePoints, sinceNs, subtractNumbers);
    this.#exponential = new CumulativeState(limits.cumulativeHistograms, sinceNs, subtractBuckets);
  }

  traces(request: { readonly resourceSpans: readonly ResourceSpans[] }): Taken {
    const nowMs = this.#now();
    const output = new IntakeOutput(nowMs, this.#reporters);
    takeSpans(request.resourceSpans, output, { keeper: this.#keeper, methods: this.#methods, nowMs });
    return output.finish();
  }

  metrics(request: { readonly resourceMetrics: readonly ResourceMetrics[] }): Taken {
    const output = new IntakeOutput(this.#now(), this.#reporters);
    takeMetrics(request.resourceMetrics, output, {
      cumulative: this.#cumulative,
      exponential: this.#exponential,
      series: this.#series,
    });
    return output.finish();
  }

  logs(request: { readonly resourceLogs: readonly ResourceLogs[] }): Taken {
    const nowMs = this.#now();
    const output = new IntakeOutput(nowMs, this.#reporters);
    takeLogs(request.resourceLogs, output, nowMs);
    return output.finish();
  }

  /** One line of JSON from a program without any SDK. @throws Error saying what is wrong with it */
  plain(bytes: Uint8Array): Taken {
    return takePlainReport(bytes, this.#series, new IntakeOutput(this.#now(), this.#reporters));
  }
}
