/** How an attempt came back. */
export const Outcome = { ok: 0, failed: 1, broken: 2 } as const;
/** How an attempt came back. */
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** What happens next to an attempt. */
export const Next = {
  /** As an `Outcome`: this answer reaches the caller. */
  ...Outcome,
  /** A worker is done with it. */
  work: 3,
  /** The worker that would have been done with it is no more. */
  lost: 4,
  /** It is no call, but a question whether anybody is there: that somebody is, or that nobody has answered, reaches the caller. */
  present: 5,
  absent: 6,
  /** It is in a machine's queue. */
  queued: 7,
  /** Nothing ever: it was swallowed, or there is no such attempt just now. */
  nothing: 8,
} as const;
/** What happens next to an attempt. */
export type Next = (typeof Next)[keyof typeof Next];

/** Nobody: no attempt has this number. */
export const nobody = -1;

/** What came before an attempt that repeats a call. */
export type Earlier = {
  /** When the call began. */
  readonly begunMs: number;
  /** Instances where it has been. */
  readonly tried: ReadonlySet<number>;
};

/**
 * All attempts of calls at instances, each of which is a number: its row in the columns here.
 *
 * An attempt has at most one event ahead of it, so it is also the event that happens to it next. A row is used again when nobody waits for it and nothing
 * happens to it any more, so a run of millions of calls allocates nothing for them, and the columns stay as long as what is in flight.
 */
export class Attempts {
  caller = new Int32Array(1_024);
  instance = new Int32Array(1_024);
  /** `Infinity` when nobody waits for it: it is over, or it is a question. */
  begunMs = new Float64Array(1_024).fill(Number.POSITIVE_INFINITY);
  /** One of `Next`. */
  next = new Uint8Array(1_024).fill(Next.nothing);
  /** Who waits behind it in a machine's queue. */
  behind = new Int32Array(1_024);
  /** Of attempts that repeat a call, where calls are repeated. */
  readonly earlier: (Earlier | undefined)[] = [];
  /** Rows that were ever used: the first so many. */
  count = 0;
  #free = new Int32Array(1_024);
  #freeCount = 0;

  /**
   * @param begunMs  `Infinity` where nobody waits for it
   * @returns its number; what is next and who is behind it are the machine's to set
   */
  begin(caller: number, instance: number, begunMs: number): number {
    const row = this.#freeCount > 0 ? this.#free[--this.#freeCount]! : this.#add();
    this.caller[row] = caller;
    this.instance[row] = instance;
    this.begunMs[row] = begunMs;
    return row;
  }

  /** Nothing will ever happen to it. */
  swallow(row: number): void {
    if (this.begunMs[row] === Number.POSITIVE_INFINITY) this.release(row);
    else this.next[row] = Next.nothing;
  }

  /** Its caller waits no more. */
  giveUp(row: number): void {
    if (this.next[row] === Next.nothing) this.release(row);
    else this.begunMs[row] = Number.POSITIVE_INFINITY;
  }

  /** Nobody waits for it and nothing happens to it any more. */
  release(row: number): void {
    this.begunMs[row] = Number.POSITIVE_INFINITY;
    this.next[row] = Next.nothing;
    this.#free[this.#freeCount++] = row;
  }

  #add(): number {
    if (this.count === this.caller.length) this.#grow();
    return this.count++;
  }

  #grow(): void {
    const length = this.count * 2;
    this.caller = longer(this.caller, new Int32Array(length));
    this.instance = longer(this.instance, new Int32Array(length));
    this.begunMs = longer(this.begunMs, new Float64Array(length).fill(Number.POSITIVE_INFINITY));
    this.next = longer(this.next, new Uint8Array(length).fill(Next.nothing));
    this.behind = longer(this.behind, new Int32Array(length));
    this.#free = longer(this.#free, new Int32Array(length));
  }
}

function longer<T extends { set(from: ArrayLike<number>): void }>(from: T & ArrayLike<number>, into: T): T {
  into.set(from);
  return into;
}
