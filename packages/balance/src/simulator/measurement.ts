import { quantileOf } from "./quantile.ts";
import type { Scenario } from "./scenario.ts";

/** What a run of one algorithm in one scenario came to. */
export type Result = {
  readonly calls: number;
  /** Part of the calls that failed in the end, 0…1. */
  readonly errors: number;
  /** Mean time of a call in ms, a failed one counted as a whole time-out. */
  readonly costMs: number;
  /** Of calls that succeeded. */
  readonly p50Ms: number;
  /** Of calls that succeeded. */
  readonly p99Ms: number;
  /** Part of the attempts that went to instances at fault while they were, 0…1; `undefined` without faults or when all are. */
  readonly badShare: number | undefined;
  /** Seconds from the end of the last fault until those instances have 70 % of their share; `undefined` as above, `Infinity` for never. */
  readonly returnS: number | undefined;
  /** How much more the busiest sound instance gets than the mean by capacity, mean over seconds: 0.1 is 10 %. */
  readonly imbalance: number;
};

/** The first seconds are not measured: connections and means settle. */
export const settleMs = 5_000;
/** How long callers wait for an answer. */
export const timeoutMs = 1_000;

/** Counts what happens in a run. */
export class Measurement {
  readonly #scenario: Scenario;
  // The first `#succeeded` of them.
  readonly #latencies: Float64Array;
  #succeeded = 0;
  #failed = 0;
  #sum = 0;
  /** Attempts at each instance in each second, one second after the other. */
  readonly #attempts: Uint32Array;
  readonly #instances: number;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    // As many as there can be: see `arrivalsOf`.
    this.#latencies = new Float64Array(Math.ceil(scenario.callsPerSecond * scenario.seconds * 1.1) + 1_000);
    this.#instances = scenario.workers.length;
    this.#attempts = new Uint32Array((scenario.seconds + 1) * this.#instances);
  }

  attempted(instance: number, nowMs: number): void {
    // One beyond the last second is dropped, as any write outside of a typed array.
    this.#attempts[Math.floor(nowMs / 1_000) * this.#instances + instance]!++;
  }

  ended(begunMs: number, nowMs: number, ok: boolean): void {
    if (begunMs < settleMs) return;
    if (!ok) {
      this.#failed++;
      this.#sum += timeoutMs;
      return;
    }
    this.#latencies[this.#succeeded++] = nowMs - begunMs;
    this.#sum += nowMs - begunMs;
  }

  #attemptsIn(second: number): Uint32Array {
    return this.#attempts.subarray(second * this.#instances, (second + 1) * this.#instances);
  }

  result(): Result {
    const calls = this.#succeeded + this.#failed;
    const p50Ms = quantileOf(this.#latencies, this.#succeeded, 0.5);
    const p99Ms = quantileOf(this.#latencies, this.#succeeded, 0.99, 0.5);
    return {
      calls,
      errors: this.#failed / calls,
      costMs: this.#sum / calls,
      p50Ms,
      p99Ms,
      badShare: this.#badShare(),
      returnS: this.#returnS(),
      imbalance: this.#imbalance(),
    };
  }

  // Instances at fault during the whole of this second.
  #badIn(second: number): Set<number> {
    const active = this.#scenario.faults.filter(({ fromS, untilS }) => fromS <= second && second + 1 <= untilS);
    return new Set(active.flatMap(({ instances }) => instances));
  }

  #everBad(): Set<number> {
    return new Set(this.#scenario.faults.flatMap(({ instances }) => instances));
  }

  #badShare(): number | undefined {
    let toBad = 0;
    let all = 0;
    for (let second = settleMs / 1_000; second < this.#scenario.seconds; second++) {
      const bad = this.#badIn(second);
      if (bad.size === 0 || bad.size === this.#scenario.workers.length) continue;
      for (const [instance, count] of this.#attemptsIn(second).entries()) {
        all += count;
        if (bad.has(instance)) toBad += count;
      }
    }
    return all === 0 ? undefined : toBad / all;
  }

  #returnS(): number | undefined {
    const bad = this.#everBad();
    if (bad.size === 0 || bad.size === this.#scenario.workers.length) return undefined;
    const endS = Math.max(...this.#scenario.faults.map(({ untilS }) => untilS));
    const enough = (0.7 * bad.size) / this.#scenario.workers.length;
    for (let second = endS; second < this.#scenario.seconds; second++) {
      const counts = this.#attemptsIn(second);
      const all = counts.reduce((total, count) => total + count, 0);
      let toBad = 0;
      for (const instance of bad) toBad += counts[instance]!;
      if (toBad >= enough * all) return second - endS;
    }
    return Number.POSITIVE_INFINITY;
  }

  #imbalance(): number {
    const { workers, seconds } = this.#scenario;
    const bad = this.#everBad();
    const sound = workers.map((_, instance) => instance).filter((instance) => !bad.has(instance));
    const judged = sound.length > 0 ? sound : workers.map((_, instance) => instance);
    let sum = 0;
    for (let second = settleMs / 1_000; second < seconds; second++) {
      const counts = this.#attemptsIn(second);
      const loads = judged.map((instance) => counts[instance]! / workers[instance]!);
      const mean = loads.reduce((total, load) => total + load, 0) / loads.length;
      sum += Math.max(...loads) / (mean || 1) - 1;
    }
    return sum / (seconds - settleMs / 1_000);
  }
}
