/** A point since the program began. */
type Point<Value> = { readonly startNs: bigint; readonly timeNs: bigint; readonly value: Value };

/**
 * Makes what came in an interval of what came since a program began.
 *
 * A series that was not seen before counts in full only where its program began after we did: otherwise it is the beginning, since how much of it was
 * reported to an earlier process of ours nobody knows. A start time that differs, or a value that fell, is a new program: in full.
 */
export class CumulativeState<Value> {
  readonly #points = new Map<string, Point<Value>>();
  readonly #max: number;
  readonly #sinceNs: bigint;
  readonly #subtract: (now: Value, before: Value) => Value | undefined;

  /**
   * @param sinceNs  when we began, nanoseconds since 1970 UTC
   * @param subtract  what came between two values; `undefined` where the first cannot have become the second
   */
  constructor(max: number, sinceNs: bigint, subtract: (now: Value, before: Value) => Value | undefined) {
    this.#max = max;
    this.#sinceNs = sinceNs;
    this.#subtract = subtract;
  }

  /**
   * What came since the last point, or `undefined` where that cannot be said (the first point, one that is no newer).
   *
   * @param undo  is given what makes the point unheard again: what of it was not kept is still to come
   */
  delta(series: string, point: Point<Value>, undo: (() => void)[]): Value | undefined {
    const before = this.#points.get(series);
    if (before !== undefined && point.timeNs <= before.timeNs) return undefined;
    undo.push(() => this.#undo(series, point, before));
    // The newest at the end, so that the first is the one that was silent for longest.
    this.#points.delete(series);
    if (this.#points.size >= this.#max) {
      const [oldest] = this.#points.keys();
      if (oldest !== undefined) this.#points.delete(oldest);
    }
    this.#points.set(series, point);
    if (before === undefined) return point.startNs >= this.#sinceNs ? point.value : undefined;
    if (point.startNs !== before.startNs) return point.value;
    return this.#subtract(point.value, before.value) ?? point.value;
  }

  #undo(series: string, point: Point<Value>, before: Point<Value> | undefined): void {
    // A later point counts from the one that is undone.
    if (this.#points.get(series) !== point) return;
    if (before === undefined) this.#points.delete(series);
    else this.#points.set(series, before);
  }
}

/** What came to numbers in a fixed order, each of which only grows. */
export function subtractNumbers(now: readonly number[], before: readonly number[]): readonly number[] | undefined {
  const fell = now.length !== before.length || now.some((value, index) => value < before[index]!);
  return fell ? undefined : now.map((value, index) => value - before[index]!);
}
