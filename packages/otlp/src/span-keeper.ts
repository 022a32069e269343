import { durationBucket, SlowBound, SpanSampler, tracePosition } from "@msec/telemetry";
import { otlpLimits as limits } from "./otlp-limits.ts";

/** What one second may have: what is left of a host's rate, as its agent divides it among all who report. */
export type SpanRate = (spansPerSecond: number) => { readonly keptShare: number; readonly spansPerSecond: number };

/** A span that came. */
export type ArrivedSpan = {
  readonly traceId: Uint8Array;
  readonly durationUs: number;
  /** 0 where it did not fail. */
  readonly code: number;
  readonly dyed: boolean;
  /** Whose durations it is compared with: its service, side, method and peer. */
  readonly kind: string;
};

/**
 * Decides which spans are kept, by the rule of processes on msec: all below the rate; above it a consistent sample of traces, every failed one, every dyed one, and those above p99 of
 * their kind in the minute before, at most as many as the rate once more.
 */
export class SpanKeeper {
  readonly #sampler = new SpanSampler(limits.spansPerSecond);
  readonly #rate: SpanRate | undefined;
  readonly #bounds = new Map<string, SlowBound>();
  /** Traces of which a span was dyed, by their position; the oldest makes room. */
  readonly #dyed = new Set<number>();
  #second = 0;

  /** @param rate  asked once a second with the spans of the second before; missing: a rate of its own, see `otlpLimits` */
  constructor(rate?: SpanRate) {
    this.#rate = rate;
  }

  /** @param nowMs  when it came, milliseconds since 1970 UTC */
  keeps({ traceId, durationUs, code, dyed, kind }: ArrivedSpan, nowMs: number): boolean {
    // By its arrival: both the sampler and the bounds want their seconds in order.
    const second = Math.max(this.#second, Math.floor(nowMs / 1_000));
    if (second !== this.#second) this.#begin(second);
    const isSampled = this.#sampler.keeps(traceId, 0, second);
    const isSlow = this.#isSlow(kind, durationUs, second);
    const position = dyed || this.#dyed.size > 0 ? tracePosition(traceId, 0) : 0;
    if (dyed) this.#keepTrace(position);
    if (isSampled || code !== 0 || dyed || this.#dyed.has(position)) return true;
    return isSlow && this.#sampler.keepsSlow();
  }

  #begin(second: number): void {
    if (this.#rate !== undefined) {
      const { spansPerSecond, keptShare } = this.#rate(this.#sampler.callsBefore(second));
      this.#sampler.limit(spansPerSecond, keptShare);
    }
    this.#second = second;
  }

  #isSlow(kind: string, durationUs: number, second: number): boolean {
    let bound = this.#bounds.get(kind);
    if (bound === undefined) {
      if (this.#bounds.size >= limits.methods) return false;
      bound = new SlowBound();
      this.#bounds.set(kind, bound);
    }
    bound.begin(second);
    bound.add(durationBucket(durationUs), 1);
    return durationUs >= bound.fromUs;
  }

  #keepTrace(position: number): void {
    const [oldest] = this.#dyed;
    if (this.#dyed.size >= limits.dyedTraces && oldest !== undefined) this.#dyed.delete(oldest);
    this.#dyed.add(position);
  }
}
