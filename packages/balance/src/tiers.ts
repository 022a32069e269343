import type { Instance } from "./instance.ts";

/**
 * The instances by how far away they are. Each call is meant for the nearest ones as long as enough of them is sound; of the calls that the
 * sound ones there cannot be expected to carry each is meant for the next step, evenly spread over time and without a random number.
 */
export class Tiers {
  /** Ascending. */
  readonly #aways: readonly number[];
  /** What each tier would be worth if nothing were wrong with it. */
  readonly #whole: Float64Array;
  /** Part of the calls that come to a tier which it keeps, 0…1. */
  readonly #keeps: Float64Array;
  /** Calls that each tier owes to the next one. */
  readonly #owed: Float64Array;

  /**
   * @param weights  of the instances, at least one
   * @param aways    how far away each of them is; default: all are equally near
   */
  constructor(weights: readonly number[], aways?: Float64Array) {
    this.#aways = aways === undefined ? [0] : [...new Set(aways)].sort((a, b) => a - b);
    this.#whole = new Float64Array(this.#aways.length);
    this.#keeps = new Float64Array(this.#aways.length).fill(1);
    this.#owed = new Float64Array(this.#aways.length);
    // How sound a tier is matters only where there is another one.
    if (aways === undefined) return;
    for (const [position, weight] of weights.entries()) this.#whole[this.tierOf(aways[position]!)]! += weight / 100;
  }

  /** The tier of those that are so far away. */
  tierOf(away: number): number {
    return this.#aways.indexOf(away);
  }

  /** How far each tier is away, ascending. */
  get aways(): readonly number[] {
    return this.#aways;
  }

  /**
   * Takes notice of how sound they are.
   *
   * @param restless    the instances that may be worth less than the table says; the others are sound
   * @param nearEnough  the part that is enough, see `constants`
   */
  weigh(restless: readonly Instance[], nearEnough: number): void {
    if (this.#aways.length === 1) return;
    const missing = new Float64Array(this.#aways.length);
    for (const { tier, weight, cost, ejection, isSuppressed } of restless) {
      const worth = ejection.isOut || isSuppressed ? 0 : Math.min(1 / cost, weight / 100);
      missing[tier]! += weight / 100 - worth;
    }
    let isAnySound = false;
    for (let tier = 0; tier < missing.length; tier++) {
      const sound = 1 - missing[tier]! / this.#whole[tier]!;
      // What rounding leaves of nothing is nothing.
      this.#keeps[tier] = sound < 1e-9 ? 0 : Math.min(1, sound / nearEnough);
      isAnySound ||= sound >= 1e-9;
    }
    if (!isAnySound) this.#keeps.fill(1);
  }

  /**
   * The part of the calls that each tier is meant to have, all together 1.
   *
   * @param rates  of those that serve, by tier: one without any has no part
   */
  parts(rates: Float64Array): number[] {
    let left = 1;
    const parts = [...this.#keeps].map((keeps, tier) => {
      const part = rates[tier] === 0 ? 0 : tier === this.#keeps.length - 1 ? left : left * keeps;
      left -= part;
      return part;
    });
    const sum = parts.reduce((total, part) => total + part, 0);
    return sum > 0 ? parts.map((part) => part / sum) : parts.map((_, tier) => (rates[tier]! > 0 ? 1 : 0));
  }

  /** How far away those are that the next call is meant for. */
  next(): number {
    const last = this.#aways.length - 1;
    for (let tier = 0; tier < last; tier++) {
      this.#owed[tier]! += 1 - this.#keeps[tier]!;
      if (this.#owed[tier]! < 1) return this.#aways[tier]!;
      this.#owed[tier]! -= 1;
    }
    return this.#aways[last]!;
  }
}
