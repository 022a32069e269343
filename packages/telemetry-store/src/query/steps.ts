import { grown } from "../ingest/native-column.ts";

/**
 * The steps of a curve in the order in which they came, each with a place in columns beside it.
 *
 * Rows of a curve come in the order of time but for those of other parts of a table, and curves that are added up have mostly the same steps: most are found
 * where they are expected.
 */
export class Steps {
  #seconds = new Uint32Array(0);
  #count = 0;
  #latest = -1;
  /** Made when a step is neither the latest nor where it was expected. */
  #places: Map<number, number> | undefined;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Seconds since 1970 UTC, each once. */
  get seconds(): Uint32Array {
    return this.#seconds.subarray(0, this.#count);
  }

  /** Make room for as many more. @returns for how many in all there is room now */
  reserve(steps: number): number {
    const { length } = this.#seconds;
    if (this.#count + steps > length) {
      this.#seconds = grown(new Uint32Array(Math.max(this.#count + steps, length * 2)), this.#seconds);
    }
    return this.#seconds.length;
  }

  /**
   * The place of a step; `count` as it was before where it is new, for which there has to be room.
   *
   * @param expected  where it may be
   */
  placeOf(second: number, expected: number): number {
    if (expected >= 0 && expected < this.#count && this.#seconds[expected] === second) return expected;
    if (second <= this.#latest) {
      this.#places ??= new Map(Array.from(this.seconds, (known, place) => [known, place]));
      const known = this.#places.get(second);
      if (known !== undefined) return known;
    } else {
      this.#latest = second;
    }
    const place = this.#count++;
    this.#seconds[place] = second;
    this.#places?.set(second, place);
    return place;
  }
}
