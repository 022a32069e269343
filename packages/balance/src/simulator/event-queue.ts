import type { Attempt } from "./attempt.ts";

/**
 * What happens to attempts, in the order of time: a binary heap of two columns, so that finding a place compares numbers that lie
 * side by side and adding an event allocates nothing. Beside it a line for events that come in their order, half of all, which need no place found.
 */
export class EventQueue {
  readonly #line = new Ring();
  #times = new Float64Array(1_024);
  readonly #attempts: Attempt[] = [];

  add(atMs: number, attempt: Attempt): void {
    const attempts = this.#attempts;
    let position = attempts.length;
    if (position === this.#times.length) this.#grow();
    const times = this.#times;
    attempts.push(attempt);
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
  addInOrder(atMs: number, attempt: Attempt): void {
    this.#line.push(atMs, attempt);
  }

  /** The time of the next event, `Infinity` when there is none. */
  get nextMs(): number {
    const heapMs = this.#attempts.length === 0 ? Number.POSITIVE_INFINITY : this.#times[0]!;
    return Math.min(heapMs, this.#line.firstMs);
  }

  /** Takes the next event out; there must be one. */
  take(): Attempt {
    const attempts = this.#attempts;
    if (attempts.length === 0 || this.#line.firstMs < this.#times[0]!) return this.#line.shift();
    const first = attempts[0]!;
    const last = attempts.pop()!;
    if (attempts.length > 0) this.#sink(last, this.#times[attempts.length]!);
    return first;
  }

  #sink(attempt: Attempt, atMs: number): void {
    const times = this.#times;
    const attempts = this.#attempts;
    const { length } = attempts;
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
    const larger = new Float64Array(this.#times.length * 2);
    larger.set(this.#times);
    this.#times = larger;
  }
}

/** A line of attempts with their times that grows as it must. */
class Ring {
  #times = new Float64Array(1_024);
  #attempts = new Array<Attempt | undefined>(1_024).fill(undefined);
  #first = 0;
  #length = 0;

  /** `Infinity` when it is empty. */
  get firstMs(): number {
    return this.#length === 0 ? Number.POSITIVE_INFINITY : this.#times[this.#first]!;
  }

  push(atMs: number, attempt: Attempt): void {
    if (this.#length === this.#times.length) this.#grow();
    const position = (this.#first + this.#length++) & (this.#times.length - 1);
    this.#times[position] = atMs;
    this.#attempts[position] = attempt;
  }

  shift(): Attempt {
    const attempt = this.#attempts[this.#first]!;
    this.#attempts[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#times.length - 1);
    this.#length--;
    return attempt;
  }

  #grow(): void {
    const { length } = this.#times;
    const times = new Float64Array(length * 2);
    const attempts = new Array<Attempt | undefined>(length * 2).fill(undefined);
    for (let step = 0; step < length; step++) {
      const position = (this.#first + step) & (length - 1);
      times[step] = this.#times[position]!;
      attempts[step] = this.#attempts[position];
    }
    this.#times = times;
    this.#attempts = attempts;
    this.#first = 0;
  }
}
