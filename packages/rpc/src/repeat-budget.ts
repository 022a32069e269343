const slots = 10;
const slotMs = 1_000;

/**
 * How many calls to one service may be repeated: a share of those of the last ten seconds, and so many a second whatever was called.
 *
 * A share alone would never let a caller repeat that calls twice a minute; a rate alone is nothing for one that calls ten thousand times a second.
 */
export class RepeatBudget {
  readonly #share: number;
  readonly #perSecond: number;
  readonly #calls = new Float64Array(slots);
  readonly #spent = new Float64Array(slots);
  /** Number of the second that is being counted. */
  #second = Number.NEGATIVE_INFINITY;
  #tokens: number;
  #tokensMs = Number.NEGATIVE_INFINITY;

  /**
   * @param options.share      repeats for each call, 0…1
   * @param options.perSecond  repeats a second beside these; at most one second's are saved up
   */
  constructor(options: { readonly share: number; readonly perSecond: number }) {
    this.#share = options.share;
    this.#perSecond = options.perSecond;
    this.#tokens = options.perSecond;
  }

  /** A call was made for the first time. */
  called(nowMs: number): void {
    this.#turn(nowMs);
    this.#calls[this.#second % slots]!++;
  }

  /** Take one repeat. @returns false when there is none left: do not repeat */
  take(nowMs: number): boolean {
    this.#turn(nowMs);
    if (sum(this.#spent) < sum(this.#calls) * this.#share) {
      this.#spent[this.#second % slots]!++;
      return true;
    }
    if (this.#perSecond === 0) {
      return false;
    }
    if (this.#tokensMs !== Number.NEGATIVE_INFINITY) {
      const gained = ((nowMs - this.#tokensMs) / 1_000) * this.#perSecond;
      this.#tokens = Math.min(this.#perSecond, this.#tokens + gained);
    }
    this.#tokensMs = nowMs;
    if (this.#tokens < 1) {
      return false;
    }
    this.#tokens--;
    return true;
  }

  #turn(nowMs: number): void {
    const second = Math.floor(nowMs / slotMs);
    if (second === this.#second) {
      return;
    }
    if (second - this.#second >= slots) {
      this.#calls.fill(0);
      this.#spent.fill(0);
    } else {
      for (let old = this.#second + 1; old <= second; old++) {
        this.#calls[old % slots] = 0;
        this.#spent[old % slots] = 0;
      }
    }
    this.#second = second;
  }
}

function sum(counts: Float64Array): number {
  let total = 0;
  for (const count of counts) {
    total += count;
  }
  return total;
}
