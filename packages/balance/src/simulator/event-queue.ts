/** Something that happens at a moment of virtual time. */
export type Event = { readonly atMs: number; readonly run: () => void };

/** Events in the order of their time: a binary heap. */
export class EventQueue {
  readonly #heap: Event[] = [];

  add(atMs: number, run: () => void): void {
    const event = { atMs, run };
    const heap = this.#heap;
    let position = heap.length;
    while (position > 0) {
      const parent = (position - 1) >>> 1;
      if (heap[parent]!.atMs <= atMs) break;
      heap[position] = heap[parent]!;
      position = parent;
    }
    heap[position] = event;
  }

  /** The time of the next event, `Infinity` when there is none. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Takes the next event out. */
  take(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length > 0 && last !== undefined) this.#sink(last);
    return first;
  }

  #sink(event: Event): void {
    const heap = this.#heap;
    let position = 0;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.atMs < heap[child]!.atMs) child++;
      if (heap[child]!.atMs >= event.atMs) break;
      heap[position] = heap[child]!;
      position = child;
    }
    heap[position] = event;
  }
}
