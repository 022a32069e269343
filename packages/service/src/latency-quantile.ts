// Four buckets for each doubling: a quantile is right to 19 %, which is plenty for a time to wait. From 1/8 ms to 36 minutes.
const BUCKETS = 96;
const PER_DOUBLING = 4;
const LEAST_MS = 0.125;
// Enough for the 95th of a hundred to mean something, and old ones are forgotten by half at a time.
const SAMPLES_MIN = 20;
const SAMPLES_MAX = 1_000;

/** Remembers how long calls took, the recent ones more, and tells in which time most of them are done. */
export class LatencyQuantile {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  /** One call took `ms`. */
  record(ms: number): void {
    if (this.#total >= SAMPLES_MAX) {
      this.#total = 0;
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        this.#counts[bucket]! /= 2;
        this.#total += this.#counts[bucket]!;
      }
    }
    const bucket = Math.ceil(Math.log2(Math.max(ms, LEAST_MS) / LEAST_MS) * PER_DOUBLING);
    this.#counts[Math.min(bucket, BUCKETS - 1)]!++;
    this.#total++;
  }

  /** Milliseconds in which the share `q` (0…1) of calls was done, rounded up; `undefined` while fewer than 20 are known. */
  quantileMs(q: number): number | undefined {
    if (this.#total < SAMPLES_MIN) return undefined;
    let left = this.#total * q;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket]!;
      if (left <= 0) return LEAST_MS * 2 ** (bucket / PER_DOUBLING);
    }
    return LEAST_MS * 2 ** ((BUCKETS - 1) / PER_DOUBLING);
  }
}
