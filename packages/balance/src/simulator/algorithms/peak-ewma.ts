import type { Algorithm } from "../algorithm.ts";

const decayMs = 10_000;
/** Cost of an instance with calls in flight of which nothing is known yet (Finagle's penalty). */
const unknownCost = 1e9;

/** What one caller knows of each instance, in columns. */
class PeakMeans {
  readonly #inFlight: Int32Array;
  readonly #mean: Float64Array;
  readonly #atMs: Float64Array;

  constructor(instances: number) {
    this.#inFlight = new Int32Array(instances);
    this.#mean = new Float64Array(instances);
    this.#atMs = new Float64Array(instances);
  }

  /** The same for as many more. */
  grownTo(instances: number): PeakMeans {
    const grown = new PeakMeans(instances);
    grown.#inFlight.set(this.#inFlight);
    grown.#mean.set(this.#mean);
    grown.#atMs.set(this.#atMs);
    return grown;
  }

  get length(): number {
    return this.#mean.length;
  }

  started(instance: number): void {
    this.#inFlight[instance]!++;
  }

  finished(instance: number, durationMs: number, nowMs: number): void {
    this.#inFlight[instance]!--;
    this.#observe(instance, durationMs, nowMs);
  }

  load(instance: number, nowMs: number): number {
    const mean = this.#observe(instance, 0, nowMs);
    const inFlight = this.#inFlight[instance]!;
    return mean === 0 && inFlight > 0 ? unknownCost + inFlight : mean * (inFlight + 1);
  }

  // A slower call counts at once, a quicker one by and by: peak-EWMA.
  #observe(instance: number, durationMs: number, nowMs: number): number {
    const mean = this.#mean[instance]!;
    const kept = durationMs > mean ? 0 : Math.exp((this.#atMs[instance]! - nowMs) / decayMs);
    this.#atMs[instance] = nowMs;
    this.#mean[instance] = durationMs > mean ? durationMs : mean * kept + durationMs * (1 - kept);
    return this.#mean[instance]!;
  }
}

/** Power of two choices over peak-EWMA × in flight, decay 10 s, as Finagle has it and brpc and go-zero after it. */
export const peakEwma: Algorithm = {
  name: "P2C peak-EWMA",
  about: "the better of two drawn, by decaying peak latency × calls in flight (Finagle)",
  create(now, random) {
    let table: readonly number[] = [];
    let means = new PeakMeans(0);
    return {
      update(instances) {
        table = instances;
        const count = (instances.at(-1) ?? -1) + 1;
        if (count > means.length) means = means.grownTo(count);
      },
      pick(tried) {
        const open = tried === undefined ? table : table.filter((instance) => !tried.has(instance));
        if (open.length < 2) return open[0] ?? -1;
        const first = Math.floor(random() * open.length);
        const second = (first + 1 + Math.floor(random() * (open.length - 1))) % open.length;
        const one = open[first]!;
        const other = open[second]!;
        const nowMs = now();
        return means.load(one, nowMs) <= means.load(other, nowMs) ? one : other;
      },
      started: (instance) => means.started(instance),
      finished: (instance, { durationMs }) => means.finished(instance, durationMs, now()),
    };
  },
};
