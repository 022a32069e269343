import type { Batch } from "@msec/telemetry";
import { BatchBuilder } from "./batch-builder.ts";
import { otlpLimits } from "./otlp-limits.ts";
import type { Reporter } from "./reporter.ts";

/** What one reporter reported. */
export type ReportedBatch = Reporter & { readonly batch: Batch };

/** What became of one export request. */
export type Taken = {
  readonly batches: readonly ReportedBatch[];
  /** Spans, points or lines that were not taken. */
  readonly rejected: number;
  /** Why the first of them was not; "" where all were. */
  readonly why: string;
};

/** The batches of one request in the making. */
export class IntakeOutput {
  readonly #open = new Map<string, { readonly reporter: Reporter; builder: BatchBuilder }>();
  readonly #done: ReportedBatch[] = [];
  readonly #fromUs: number;
  readonly #toUs: number;
  #rows = 0;
  #rejected = 0;
  #why = "";

  constructor(nowMs: number) {
    this.#fromUs = (nowMs - otlpLimits.pastMs) * 1_000;
    this.#toUs = (nowMs + otlpLimits.aheadMs) * 1_000;
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

  finish(): Taken {
    for (const { reporter, builder } of this.#open.values()) {
      if (!builder.isEmpty) this.#done.push({ ...reporter, batch: builder.finish() });
    }
    return { batches: this.#done, rejected: this.#rejected, why: this.#why };
  }
}
