/**
 * Decides which successful calls become spans when there are more than `perSecond` of them.
 *
 * The sample is consistent: a trace has one position in 0…2^32 (a hash of its id), and each process keeps the traces below
 * a threshold that falls with its rate. So the traces that the busiest service keeps are kept by all the others too.
 */
export class SpanSampler {
  readonly #perSecond: number;
  #second = 0;
  #calls = 0;
  #doublingAt = 0;
  #threshold = 2 ** 32;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#doublingAt = perSecond;
  }

  /**
   * Whether a successful call of this trace becomes a span. Every call must be asked for, once, in order of seconds.
   *
   * @param second whole seconds since 1970 UTC in which the call ended
   */
  keeps(traceId: Uint8Array, second: number): boolean {
    if (second !== this.#second) this.#begin(second);
    if (this.#calls++ >= this.#doublingAt) {
      // The rate is higher than the last second's: half as many from here to the next doubling.
      this.#threshold /= 2;
      this.#doublingAt *= 2;
    }
    return this.#threshold === 2 ** 32 || tracePosition(traceId) < this.#threshold;
  }

  #begin(second: number): void {
    // The last second tells the rate of this one; a pause means that nothing is known, so everything is kept at first.
    const expected = second === this.#second + 1 ? Math.max(this.#calls, this.#perSecond) : this.#perSecond;
    this.#threshold = 2 ** 32 * (this.#perSecond / expected);
    // A tenth more than expected is noise, not a doubling.
    this.#doublingAt = expected === this.#perSecond ? expected : expected * 1.1;
    this.#second = second;
    this.#calls = 0;
  }
}

/**
 * The position of a trace in 0…2^32−1: a hash of the low 8 bytes of its id, because some callers number their requests
 * instead of drawing them at random (the original takes the sequence for HTTP).
 */
export function tracePosition(traceId: Uint8Array): number {
  const high = (traceId[8]! << 24) | (traceId[9]! << 16) | (traceId[10]! << 8) | traceId[11]!;
  const low = (traceId[12]! << 24) | (traceId[13]! << 16) | (traceId[14]! << 8) | traceId[15]!;
  // The finalizer of MurmurHash3.
  let mixed = low ^ Math.imul(high, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
