/**
 * The order in which many instances have their turns, each as often as its weight says and its turns well spread.
 *
 * The weights stand side by side on a line of as many slots as there are instances. A stride near the golden section visits every slot once a
 * round: equal weights give exact round robin in a scattered order, and a weight of three has its three turns far from each other.
 */
export class Turns {
  /** The instances, by their positions in the table. */
  readonly #positions: readonly number[];
  /** Where the weight of each ends on the line. */
  readonly #ends: Float64Array;
  readonly #isEven: boolean;
  /** From one turn's slot to the next one's. */
  readonly stride: number;

  /**
   * @param weights    of the whole table
   * @param positions  of those that take part, ascending; at least one
   */
  constructor(weights: readonly number[], positions: readonly number[]) {
    this.#positions = positions;
    this.#ends = new Float64Array(positions.length);
    let end = 0;
    for (const [slot, position] of positions.entries()) {
      end += weights[position]!;
      this.#ends[slot] = end;
    }
    this.#isEven = positions.every((position) => weights[position] === weights[positions[0]!]);
    this.stride = strideFor(positions.length);
  }

  /** How many take part, and slots there are. */
  get length(): number {
    return this.#positions.length;
  }

  /**
   * Whose turn a slot is, as a position in the table.
   *
   * @param shift  how far into the slot, 0…1, 1 excluded
   */
  at(slot: number, shift: number): number {
    const { length } = this.#positions;
    if (this.#isEven) return this.#positions[slot]!;
    return this.#positions[this.#find(((slot + shift) / length) * this.#ends[length - 1]!)]!;
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

/**
 * Goes round many instances, at the price of a binary search where their weights differ.
 *
 * Each round begins anywhere, so that weights below the mean have their turn in some rounds, and callers that met at the same instances part
 * again. What calls have shown is no part of it, for the order must last: a turn that an instance is not worth is passed on.
 */
export class Rotation {
  readonly #order: Turns;
  /** How far away its instances are; they are all equally far. */
  readonly away: number;
  readonly #random: () => number;
  #slot = 0;
  #shift = 0;
  #turns = 0;

  /** @param random  0…1, 1 excluded: where a round begins */
  constructor(order: Turns, away: number, random: () => number) {
    this.#order = order;
    this.away = away;
    this.#random = random;
    this.#beginRound();
  }

  /** Whose turn it is, as a position in the table. */
  next(): number {
    const order = this.#order;
    const { length } = order;
    if (++this.#turns > length) this.#beginRound();
    // Both are below the length: one comparison does what a division would.
    this.#slot += order.stride;
    if (this.#slot >= length) this.#slot -= length;
    return order.at(this.#slot, this.#shift);
  }

  #beginRound(): void {
    const place = this.#random() * this.#order.length;
    this.#slot = Math.floor(place);
    this.#shift = place - this.#slot;
    this.#turns = 1;
  }
}

// The whole number next to the golden section of the length that shares no divisor with it.
function strideFor(length: number): number {
  let stride = Math.max(1, Math.round(length * 0.618));
  while (commonDivisor(stride, length) > 1) stride++;
  return stride % length;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
