/**
 * What happens to attempts, in the order of time: a binary heap of two columns, so that finding a place compares numbers that lie
 * side by side and adding an event allocates nothing. Beside it a line for events that come in their order, half of all, which need no place found.
 */
export class EventQueue {
  /** The virtual time. */
  nowMs = 0;
  readonly #line = new TimedLine();
  // The first one is `Infinity` when there is none.
  #times = new Float64Array(1_024).fill(Number.POSITIVE_INFINITY);
  #attempts = new Int32Array(1_024);
  #length = 0;

  add(atMs: number, attempt: number): void {
    if (this.#length === this.#times.length) this.#grow();
    const times = this.#times;
    const attempts = this.#attempts;
    let position = this.#length++;
    while (position > 0) {
      const parent = (position - 1) >>> 1;
      const parentMs = times[parent]!;
      if (parentMs <= atMs) break;
      times[position] = parentMs;
      attempts[position] = attempts[parent]!;
      position = parent;
    }
    times[position] = atMs;
    attempts[position] = attempt;
  }

  /** Adds one that is no earlier than any that was added in this way before. */
  addInOrder(atMs: number, attempt: number): void {
    this.#line.push(atMs, attempt);
  }

  /** The time of the next event, `Infinity` when there is none. */
  get nextMs(): number {
    const lineMs = this.#line.firstMs;
    const heapMs = this.#times[0]!;
    return heapMs < lineMs ? heapMs : lineMs;
  }

  /** Takes the next event out; there must be one. */
  take(): number {
    if (this.#line.firstMs < this.#times[0]!) return this.#line.shift();
    const first = this.#attempts[0]!;
    const last = --this.#length;
    if (last === 0) this.#times[0] = Number.POSITIVE_INFINITY;
    else this.#sink(this.#attempts[last]!, this.#times[last]!);
    return first;
  }

  #sink(attempt: number, atMs: number): void {
    const times = this.#times;
    const attempts = this.#attempts;
    const length = this.#length;
    let position = 0;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= length) break;
      if (child + 1 < length && times[child + 1]! < times[child]!) child++;
      const childMs = times[child]!;
      if (childMs >= atMs) break;
      times[position] = childMs;
      attempts[position] = attempts[child]!;
      position = child;
    }
    times[position] = atMs;
    attempts[position] = attempt;
  }

  #grow(): void {
    const times = new Float64Array(this.#length * 2);
    times.set(this.#times);
    this.#times = times;
    const attempts = new Int32Array(this.#length * 2);
    attempts.set(this.#attempts);
    this.#attempts = attempts;
  }
}

/** A line of attempts with their times, none earlier than the one before it, that grows as it must. */
class TimedLine {
  #times = new Float64Array(1_024);
  #attempts = new Int32Array(1_024);
  #first = 0;
  #length = 0;
  /** The time of the first one; `Infinity` when it is empty. */
  firstMs = Number.POSITIVE_INFINITY;

  push(atMs: number, attempt: number): void {
    if (this.#length === this.#times.length) this.#grow();
    const position = (this.#first + this.#length) & (this.#times.length - 1);
    this.#times[position] = atMs;
    this.#attempts[position] = attempt;
    if (this.#length++ === 0) this.firstMs = atMs;
  }

  /** Takes the first one out; there must be one. */
  shift(): number {
    const attempt = this.#attempts[this.#first]!;
    this.#first = (this.#first + 1) & (this.#times.length - 1);
    this.firstMs = --this.#length === 0 ? Number.POSITIVE_INFINITY : this.#times[this.#first]!;
    return attempt;
  }

  #grow(): void {
    const { length } = this.#times;
    const times = new Float64Array(length * 2);
    const attempts = new Int32Array(length * 2);
    for (let step = 0; step < length; step++) {
      const position = (this.#first + step) & (length - 1);
      times[step] = this.#times[position]!;
      attempts[step] = this.#attempts[position]!;
    }
    this.#times = times;
    this.#attempts = attempts;
    this.#first = 0;
  }
}
