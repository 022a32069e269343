/** So much a second, and at most so much at once. */
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

  /** @returns false when it is used up; what is larger than all of it passes while there is any, and is owed */
  take(amount: number, nowMs: number): boolean {
    this.#left = Math.min(this.#atOnce, this.#left + ((nowMs - this.#countedMs) / 1_000) * this.#perSecond);
    this.#countedMs = nowMs;
    if (this.#left <= 0) return false;
    this.#left -= amount;
    return true;
  }
}
