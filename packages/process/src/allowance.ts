/** A rate that is not exceeded for long: so much a second, and at most so much at once. */
export class Allowance {
  readonly #perSecond: number;
  readonly #atOnce: number;
  #left: number;
  #countedMs: number;

  /**
   * @param perSecond  what is earned in a second, in whatever unit `take` counts
   * @param atOnce     the most that is saved up; there from the start
   * @param nowMs      on the clock that `take` is given, milliseconds
   */
  constructor(perSecond: number, atOnce: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#atOnce = atOnce;
    this.#left = atOnce;
    this.#countedMs = nowMs;
  }

  /**
   * Take some of it.
   *
   * @param amount  default 1; more than there is passes while anything is left, and is owed
   * @returns false when nothing is left
   */
  take(nowMs: number, amount = 1): boolean {
    const earned = ((nowMs - this.#countedMs) / 1_000) * this.#perSecond;
    this.#left = Math.min(this.#atOnce, this.#left + earned);
    this.#countedMs = nowMs;
    if (this.#left <= 0) return false;
    this.#left -= amount;
    return true;
  }
}
