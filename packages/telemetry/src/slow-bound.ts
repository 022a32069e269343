import { BUCKET_COUNT } from "./duration-bucket.ts";

/**
 * From which duration on a call is slow: above p99 of the minute before, read from the counts of the histogram that is there anyway.
 *
 * It is fed once for each second and looked at once for each call, as one number.
 */
export class SlowBound {
  /** Microseconds; Infinity while nothing is known of the minute before. */
  fromUs = Number.POSITIVE_INFINITY;
  #minute = -1;
  #total = 0;
  readonly #counts = new Uint32Array(BUCKET_COUNT);

  /** Begins the counts of a second, whole seconds since 1970 UTC, not before the last one. */
  begin(second: number): void {
    const minute = Math.floor(second / 60);
    if (minute === this.#minute) return;
    this.fromUs = minute === this.#minute + 1 ? this.#above99() : Number.POSITIVE_INFINITY;
    this.#minute = minute;
    this.#total = 0;
    this.#counts.fill(0);
  }

  /** Adds calls of one bucket of the histogram. */
  add(bucket: number, count: number): void {
    this.#counts[bucket]! += count;
    this.#total += count;
  }

  /** The end of the bucket in which p99 lies: at most one call in a hundred was at or above it. */
  #above99(): number {
    let below = 0;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      below += this.#counts[bucket]!;
      if (below > 0 && below >= this.#total * 0.99) return Math.ceil(2 ** ((bucket + 1) / 8));
    }
    return Number.POSITIVE_INFINITY;
  }
}
