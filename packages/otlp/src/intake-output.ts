import { type Batch, SampleKind } from "@msec/telemetry";
import { BatchBuilder } from "./batch-builder.ts";
import { otlpLimits } from "./otlp-limits.ts";
import type { Reporter } from "./reporter.ts";
import type { ReporterLimit } from "./reporter-limit.ts";

/** What one reporter reported. */
export type ReportedBatch = Reporter & { readonly batch: Batch };

/** What became of one export request. */
export type Taken = {
  readonly batches: readonly ReportedBatch[];
  /** Spans, points or lines that were not taken. */
  readonly rejected: number;
  /** Why the first of them was not; "" where all were. */
  readonly why: string;
  /** Spans that were counted and not kept, because there are more than the rate. */
  readonly leftOut: number;
  /** One of those whose rows are kept under `(other)`, because there are too many to tell apart; "" where there is none. */
  readonly folded: string;
  /** To be called where the batches could not be kept: what grew since a program began counts from before this request again. */
  readonly undo: () => void;
};

/** A curve of each reporter of which spans were left out. */
const LEFT_OUT_METRIC = "frm.telemetry.left_out_spans";

/** The batches of one request in the making. */
export class IntakeOutput {
  readonly #open = new Map<string, { readonly reporter: Reporter; builder: BatchBuilder }>();
  readonly #done: ReportedBatch[] = [];
  readonly #leftOut = new Map<string, { readonly reporter: Reporter; spans: number }>();
  readonly #reporters: ReporterLimit;
  /** When it came, milliseconds since 1970 UTC. */
  readonly nowMs: number;
  readonly #fromUs: number;
  readonly #toUs: number;
  /** What takes back what this request left in memory; see `Taken.undo`. */
  readonly undo: (() => void)[] = [];
  #rows = 0;
  #rejected = 0;
  #why = "";
  #folded = "";

  constructor(nowMs: number, reporters: ReporterLimit) {
    this.nowMs = nowMs;
    this.#reporters = reporters;
    this.#fromUs = (nowMs - otlpLimits.pastMs) * 1_000;
    this.#toUs = (nowMs + otlpLimits.aheadMs) * 1_000;
  }

  /** Under whom is kept what a reporter reports. */
  admit(reporter: Reporter): Reporter {
    const admitted = this.#reporters.admit(reporter, this.nowMs);
    if (admitted !== reporter) this.#folded ||= `${reporter.service} ${reporter.instance}`;
    return admitted;
  }

  /** Where rows of a reporter go now. */
  of(reporter: Reporter): BatchBuilder {
    const key = `${reporter.service} ${reporter.instance}`;
    let open = this.#open.get(key);
    if (open === undefined) {
      open = { reporter, builder: new BatchBuilder() };
      this.#open.set(key, open);
    } else if (open.builder.isFull) {
      this.#done.push({ ...open.reporter, batch: open.builder.finish() });
      open.builder = new BatchBuilder();
    }
    return open.builder;
  }

  /** Microseconds for nanoseconds, or why such a time is not taken. */
  timeUs(nanoseconds: bigint): number | string {
    const us = Number(nanoseconds / 1_000n);
    if (us < this.#fromUs) return "its time is more than 7 days in the past";
    return us > this.#toUs ? "its time is more than an hour ahead" : us;
  }

  /** Whether there is room for one more row; it is refused otherwise. */
  admits(): boolean {
    if (this.#rows < otlpLimits.rows) {
      this.#rows++;
      return true;
    }
    this.reject(`a request may have ${otlpLimits.rows} spans, points and lines`);
    return false;
  }

  reject(why: string): void {
    this.#rejected++;
    this.#why ||= why;
  }

  /** A span of a reporter is counted and not kept. */
  leaveOut(reporter: Reporter): void {
    const key = `${reporter.service} ${reporter.instance}`;
    const known = this.#leftOut.get(key);
    if (known === undefined) this.#leftOut.set(key, { reporter, spans: 1 });
    else known.spans++;
  }

  finish(): Taken {
    let leftOut = 0;
    for (const { reporter, spans } of this.#leftOut.values()) {
      leftOut += spans;
      this.of(reporter).addSample(SampleKind.counter, LEFT_OUT_METRIC, spans, Math.floor(this.nowMs / 1_000));
    }
    for (const { reporter, builder } of this.#open.values()) {
      if (!builder.isEmpty) this.#done.push({ ...reporter, batch: builder.finish() });
    }
    const undo = () => {
      // Of two points of a series the second one goes first.
      for (const one of this.undo.reverse()) one();
    };
    return { batches: this.#done, rejected: this.#rejected, why: this.#why, leftOut, folded: this.#folded, undo };
  }
}

/** What is to be said where reporters are too many to be told apart; "" where they are not. */
export function foldedText({ folded }: Pick<Taken, "folded">): string {
  if (folded === "") return "";
  const { services, instances } = otlpLimits;
  return `more than ${services} services or ${instances} instances report: ${folded} is kept with others as (other)`;
}
