import type { Algorithm } from "../algorithm.ts";

const decayMs = 10_000;
/** Cost of an instance with calls in flight of which nothing is known yet (Finagle's penalty). */
const unknownCost = 1e9;

class PeakMean {
  inFlight = 0;
  #mean = 0;
  #atMs = 0;

  observe(durationMs: number, nowMs: number): void {
    // A slower call counts at once, a quicker one by and by: peak-EWMA.
    const kept = Math.exp((this.#atMs - nowMs) / decayMs);
    this.#mean = durationMs > this.#mean ? durationMs : this.#mean * kept + durationMs * (1 - kept);
    this.#atMs = nowMs;
  }

  load(nowMs: number): number {
    this.observe(0, nowMs);
    return this.#mean === 0 && this.inFlight > 0 ? unknownCost + this.inFlight : this.#mean * (this.inFlight + 1);
  }
}

/** Power of two choices over peak-EWMA × in flight, decay 10 s, as Finagle has it and brpc and go-zero after it. */
export const peakEwma: Algorithm = {
  name: "P2C peak-EWMA",
  about: "the better of two drawn, by decaying peak latency × calls in flight (Finagle)",
  create(now, random) {
    let table: readonly number[] = [];
    const means: PeakMean[] = [];
    return {
      update(instances) {
        table = instances;
        for (const instance of instances) means[instance] ??= new PeakMean();
      },
      pick(tried) {
        const open = tried === undefined ? table : table.filter((instance) => !tried.has(instance));
        if (open.length < 2) return open[0] ?? -1;
        const first = Math.floor(random() * open.length);
        const second = (first + 1 + Math.floor(random() * (open.length - 1))) % open.length;
        const one = open[first]!;
        const other = open[second]!;
        return means[one]!.load(now()) <= means[other]!.load(now()) ? one : other;
      },
      started(instance) {
        means[instance]!.inFlight++;
      },
      finished(instance, { durationMs }) {
        const mean = means[instance]!;
        mean.inFlight--;
        mean.observe(durationMs, now());
      },
    };
  },
};
