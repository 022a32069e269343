// A slot for each remembered position would say "perhaps" for one in eight of the others at a full table.
const SLOTS = 8_192;

const NO_COUNTS = new Uint16Array(0);

/**
 * The newest positions of traces (`tracePosition`) that were added, `max` of them at most; the oldest makes room.
 *
 * Asked for each call that the sample leaves out, nearly always in vain, so a count for each of 8,192 slots answers most questions: one load from 16 KiB instead of the hash
 * of a number and a walk through a set's chains, 7 % of the processor time of a served call at 8×32.
 */
export class TracePositions {
  readonly #max: number;
  readonly #positions = new Set<number>();
  /** In the order of adding, a ring. */
  readonly #order: number[] = [];
  #next = 0;
  /** How many of the positions are in each slot; made with the first one. */
  #counts = NO_COUNTS;

  /** @param max  at least 1, less than 65,536 */
  constructor(max: number) {
    this.#max = max;
  }

  /** Remembers a position, a whole number from 0 to 2^32−1. One that is there already keeps its age. */
  add(position: number): void {
    if (this.#positions.has(position)) return;
    if (this.#counts === NO_COUNTS) this.#counts = new Uint16Array(SLOTS);
    if (this.#order.length === this.#max) {
      const oldest = this.#order[this.#next]!;
      this.#positions.delete(oldest);
      this.#counts[oldest & (SLOTS - 1)]!--;
    }
    this.#order[this.#next] = position;
    this.#next = (this.#next + 1) % this.#max;
    this.#positions.add(position);
    this.#counts[position & (SLOTS - 1)]!++;
  }

  /** Whether it was added and has not made room since. */
  has(position: number): boolean {
    return this.#positions.size > 0 && this.#counts[position & (SLOTS - 1)] !== 0 && this.#positions.has(position);
  }

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#positions.size === 0;
  }
}
