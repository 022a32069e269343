import type { Instance } from "./instance.ts";

/**
 * Goes round many instances, each as often as its weight says, its turns well spread, at the price of a binary search.
 *
 * The weights stand side by side on a line of as many slots as there are instances. A stride near the golden section visits every slot once a
 * round: equal weights give exact round robin in a scattered order, and a weight of three has its three turns far from each other. Each round
 * begins anywhere, so that weights below the mean have their turn in some rounds, and callers that met at the same instances part again. What calls have shown is no part of it, for the order must
 * last: a turn that an instance is not worth is passed on.
 */
export class Rotation {
  readonly #instances: readonly Instance[];
  /** Where the weight of each instance ends on the line. */
  readonly #ends: Float64Array;
  readonly #stride: number;
  readonly #random: () => number;
  #slot = 0;
  #shift = 0;
  #turns = 0;

  /**
   * @param instances  at least one; their weights are read now
   * @param random     0…1, 1 excluded: where a round begins
   */
  constructor(instances: readonly Instance[], random: () => number) {
    this.#instances = instances;
    this.#ends = new Float64Array(instances.length);
    let end = 0;
    for (let position = 0; position < instances.length; position++) {
      end += instances[position]!.weight;
      this.#ends[position] = end;
    }
    this.#stride = strideFor(instances.length);
    this.#random = random;
    this.#beginRound();
  }

  /** How far away its instances are; they are all equally far. */
  get away(): number {
    return this.#instances[0]!.away;
  }

  next(): Instance {
    const { length } = this.#instances;
    if (++this.#turns > length) this.#beginRound();
    this.#slot = (this.#slot + this.#stride) % length;
    return this.#instances[this.#find(((this.#slot + this.#shift) / length) * this.#ends[length - 1]!)]!;
  }

  #beginRound(): void {
    const place = this.#random() * this.#instances.length;
    this.#slot = Math.floor(place);
    this.#shift = place - this.#slot;
    this.#turns = 1;
  }

  #find(point: number): number {
    let low = 0;
    let high = this.#ends.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ends[middle]! <= point) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

// The whole number next to the golden section of the length that shares no divisor with it.
function strideFor(length: number): number {
  let stride = Math.max(1, Math.round(length * 0.618));
  while (commonDivisor(stride, length) > 1) stride++;
  return stride;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
