/** So many a second, and at most so many at once. */
export class Allowance {
  readonly #perSecond: number;
  readonly #atOnce: number;
  #left: number;
  #countedMs: number;

  /** @param nowMs  as for `take` */
  constructor(perSecond: number, atOnce: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#atOnce = atOnce;
    this.#left = atOnce;
    this.#countedMs = nowMs;
  }

  /** @returns false when it is used up */
  take(nowMs: number): boolean {
    const earned = ((nowMs - this.#countedMs) / 1_000) * this.#perSecond;
    this.#left = Math.min(this.#atOnce, this.#left + earned);
    this.#countedMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
