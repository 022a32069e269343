/** What one process is told of the host's rate of spans: the fields of `msec.agent.v1.ReportResponse`. */
export interface SpanAllowance {
  /** Of all requests, those to keep: the same for all processes; 1 means all of them. */
  readonly keptShare: number;
  /** Spans a second that there is room for, at least 1. */
  readonly spansPerSecond: number;
}

/** A process that has not reported for this long records nothing: what it records is reported within a second. */
const SILENT_MS = 3_000;
// What one process may claim: beyond it no machine makes calls, and the others' share would be at the mercy of a liar.
const CALLS_MAX = 1_000_000;
// The share falls at once and rises only by more than this: one that moved with each report would be another one in each process, for they hear of it one after the other.
const RISES_BY = 1.1;

interface Demand {
  calls: number;
  atMs: number;
}

/**
 * Divides the rate of spans of this host among its processes.
 *
 * All processes keep the same share of requests, the host's rate over the sum of their calls: whether a request is kept is then one decision, by its id, in every process of the host that it
 * passes. Nothing is divided while all calls together stay below the rate.
 */
export class SpanRates {
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #demands = new Map<object, Demand>();
  #total = 0;
  #share = 1;
  #sweptMs = Number.NEGATIVE_INFINITY;

  /**
   * @param perSecond  spans a second of the whole host, at least 1
   * @param now  milliseconds on a clock that never goes back
   */
  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /**
   * A process says how many calls it recorded in its last full second.
   *
   * @param process  its connection
   */
  reported(process: object, callsPerSecond: number): SpanAllowance {
    const nowMs = this.#now();
    const calls = Math.min(callsPerSecond, CALLS_MAX);
    this.#total += calls - (this.#demands.get(process)?.calls ?? 0);
    this.#demands.set(process, { calls, atMs: nowMs });
    this.#sweep(nowMs);
    this.#adjust();
    // A process may use what the others leave of the rate, so that the first second of a rise is not cut.
    const room = this.#share < 1 ? this.#share * calls : this.#perSecond - (this.#total - calls);
    return { keptShare: this.#share, spansPerSecond: Math.max(1, Math.round(room)) };
  }

  #adjust(): void {
    const wanted = Math.min(1, this.#perSecond / Math.max(1, this.#total));
    if (wanted === 1 || wanted < this.#share || wanted > this.#share * RISES_BY) this.#share = wanted;
  }

  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < 1_000) return;
    this.#sweptMs = nowMs;
    for (const [process, { calls, atMs }] of this.#demands) {
      if (nowMs - atMs < SILENT_MS) continue;
      this.#total -= calls;
      this.#demands.delete(process);
    }
  }
}
