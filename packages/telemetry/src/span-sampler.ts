/** Thresholds of so many seconds are remembered, for calls that began in them. */
const SECONDS = 8;

/**
 * Decides which successful calls become spans when there are more than `perSecond` of them.
 *
 * The sample is consistent: a trace has one position in 0…2^32 (a hash of its id), and each process keeps the traces below
 * a threshold that falls with its rate. So the traces that the busiest service keeps are kept by all the others too. Where somebody divides the rate of a host among its
 * processes (`limit` with a share), all of them have the same threshold.
 */
export class SpanSampler {
  #perSecond: number;
  /** Of all traces, those that every process of the host keeps; `undefined`: each process finds its own. */
  #share: number | undefined;
  #second = 0;
  #calls = 0;
  #callsBefore = 0;
  #slow = 0;
  #doublingAt = 0;
  #threshold = 2 ** 32;
  /** The threshold with which each of the last seconds began, its highest, by the second modulo `SECONDS`. */
  readonly #before = new Float64Array(SECONDS);
  readonly #beforeSecond = new Float64Array(SECONDS).fill(-1);
  #across = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#doublingAt = perSecond;
  }

  /**
   * Whether a successful call of this trace becomes a span. Every call must be asked for, once, in order of seconds.
   *
   * @param ids    has the 16 bytes of the trace id from `at` on
   * @param second whole seconds since 1970 UTC in which the call ended
   * @param startSecond  in which it began; default: the same. It is measured by the highest threshold of its time, so that a call is kept where one is that it made and that ended before the threshold fell; of such calls at
   *                     most as many a second as the limit
   */
  keeps(ids: Uint8Array, at: number, second: number, startSecond = second): boolean {
    if (second !== this.#second) this.#begin(second);
    if (this.#calls++ >= this.#doublingAt) {
      // The rate is higher than the last second's: half as many from here to the next doubling.
      this.#threshold /= 2;
      this.#doublingAt *= 2;
    }
    if (this.#threshold === 2 ** 32) return true;
    const position = tracePosition(ids, at);
    if (position < this.#threshold) return true;
    return startSecond < second && position < this.#highestSince(startSecond) && this.#across++ < this.#perSecond;
  }

  #highestSince(startSecond: number): number {
    let highest = 0;
    for (let second = Math.max(startSecond, this.#second - SECONDS + 1); second < this.#second; second++) {
      const slot = second % SECONDS;
      if (this.#beforeSecond[slot] === second && this.#before[slot]! > highest) highest = this.#before[slot]!;
    }
    return highest;
  }

  /**
   * Whether a slow call that the sample leaves out becomes a span all the same: as many a second as the sample itself, so
   * that a minute in which everything has become slow does not cost more than twice.
   */
  keepsSlow(): boolean {
    return this.#slow++ < this.#perSecond;
  }

  /**
   * Changes the limit from the next second on.
   *
   * @param perSecond  at least 1
   * @param share  of all traces, those that every process of the host keeps, above 0, at most 1; missing: this process finds its own. It holds as long as `perSecond` is not passed by much, for
   *               it was made from rates of a second ago
   */
  limit(perSecond: number, share?: number): void {
    this.#perSecond = Math.max(1, perSecond);
    this.#share = share !== undefined && share > 0 && share <= 1 ? share : undefined;
  }

  /** Calls of the full second before this one. @param second whole seconds since 1970 UTC, as for `keeps` */
  callsBefore(second: number): number {
    if (second === this.#second) return this.#callsBefore;
    return second === this.#second + 1 ? this.#calls : 0;
  }

  #begin(second: number): void {
    this.#across = 0;
    const before = this.callsBefore(second);
    const perSecond = this.#perSecond;
    // The last second tells the rate of this one; a pause means that nothing is known, so everything is kept at first.
    const expected = Math.max(before, perSecond);
    const own = perSecond / expected;
    // A quarter more than the host's share has room for is noise of a second; beyond it the word is older than what happens here.
    const share = this.#share !== undefined && own * 1.25 >= this.#share ? this.#share : own;
    this.#threshold = 2 ** 32 * share;
    this.#before[second % SECONDS] = this.#threshold;
    this.#beforeSecond[second % SECONDS] = second;
    const roomFor = Math.max(expected, perSecond / share);
    // A tenth more than expected is noise, not a doubling.
    this.#doublingAt = share === 1 ? perSecond : roomFor * (this.#share === undefined ? 1.1 : 1.25);
    this.#second = second;
    this.#callsBefore = before;
    this.#calls = 0;
    this.#slow = 0;
  }
}

/**
 * The position of a trace in 0…2^32−1: a hash of the low 8 bytes of its id, because some callers number their requests
 * instead of drawing them at random (the original takes the sequence for HTTP).
 */
export function tracePosition(ids: Uint8Array, at: number): number {
  const high = (ids[at + 8]! << 24) | (ids[at + 9]! << 16) | (ids[at + 10]! << 8) | ids[at + 11]!;
  const low = (ids[at + 12]! << 24) | (ids[at + 13]! << 16) | (ids[at + 14]! << 8) | ids[at + 15]!;
  // The finalizer of MurmurHash3.
  let mixed = low ^ Math.imul(high, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
