/** A point since the program began: any numbers that only grow, in a fixed order. */
type Point = { readonly startNs: bigint; readonly timeNs: bigint; readonly values: readonly number[] };

/**
 * Makes what came in an interval of what came since a program began.
 *
 * A series that was not seen before counts in full only where its program began after we did: otherwise it is the beginning, since how much of it was
 * reported to an earlier process of ours nobody knows. A start time that differs, or any value that fell, is a new program: in full.
 */
export class CumulativeState {
  readonly #points = new Map<string, Point>();
  readonly #max: number;
  readonly #sinceNs: bigint;

  /** @param sinceNs  when we began, nanoseconds since 1970 UTC */
  constructor(max: number, sinceNs: bigint) {
    this.#max = max;
    this.#sinceNs = sinceNs;
  }

  /** What came since the last point, or `undefined` where that cannot be said (the first point, one that is no newer). */
  delta(series: string, point: Point): readonly number[] | undefined {
    const before = this.#points.get(series);
    if (before !== undefined && point.timeNs <= before.timeNs) return undefined;
    // The newest at the end, so that the first is the one that was silent for longest.
    this.#points.delete(series);
    if (this.#points.size >= this.#max) {
      const [oldest] = this.#points.keys();
      if (oldest !== undefined) this.#points.delete(oldest);
    }
    this.#points.set(series, point);
    if (before === undefined) return point.startNs >= this.#sinceNs ? point.values : undefined;
    const began =
      point.startNs !== before.startNs ||
      point.values.length !== before.values.length ||
      point.values.some((value, index) => value < before.values[index]!);
    return began ? point.values : point.values.map((value, index) => value - before.values[index]!);
  }
}
