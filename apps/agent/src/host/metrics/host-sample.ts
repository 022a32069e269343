import { SampleKind } from "@msec/telemetry";
import type { KernelCounters } from "./kernel-counters.ts";

/** One value of a metric. */
export interface HostSample {
  /** `sys.load.1m`. */
  readonly name: string;
  readonly kind: SampleKind;
  readonly value: number;
}

/** Collects the samples of one round. */
export class HostSamples {
  readonly all: HostSample[] = [];
  readonly #counters: KernelCounters;
  /** Milliseconds since the round before. */
  readonly intervalMs: number;

  constructor(counters: KernelCounters, intervalMs: number) {
    this.#counters = counters;
    this.intervalMs = intervalMs;
  }

  /** What something is now; left out where it is not known. */
  gauge(name: string, value: number | undefined): void {
    if (value !== undefined && Number.isFinite(value)) this.all.push({ name, kind: SampleKind.gauge, value });
  }

  /** What a counter of the kernel counted in the interval, times `scale`. */
  counter(name: string, total: number | undefined, scale = 1): void {
    const added = this.since(name, total);
    if (added !== undefined) this.all.push({ name, kind: SampleKind.counter, value: added * scale });
  }

  /** What came to a counter of the kernel in the interval; `undefined` where that is not known. */
  since(name: string, total: number | undefined): number | undefined {
    return total === undefined || !Number.isFinite(total) ? undefined : this.#counters.since(name, total);
  }
}
