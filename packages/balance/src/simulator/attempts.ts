/** What happens next to an attempt. */
export const Stage = {
  /** A worker is done with it. */
  work: 0,
  /** Its answer reaches the caller. */
  answer: 1,
  /** It is no call, but a question whether anybody is there; its answer, or that there is none, reaches the caller. */
  ask: 2,
} as const;
/** What happens next to an attempt. */
export type Stage = (typeof Stage)[keyof typeof Stage];

/** How an attempt came back. */
export const Outcome = { ok: 0, failed: 1, broken: 2 } as const;
/** How an attempt came back. */
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Nobody: no attempt has this number. */
export const nobody = -1;

/**
 * All attempts of calls at instances, each of which is a number: its row in the columns here.
 *
 * An attempt has at most one event ahead of it, so it is also the event that happens to it next. Rows are used again when nobody holds them any
 * more, so a run of millions of calls allocates nothing for them, and the columns stay as long as what is in flight.
 */
export class Attempts {
  caller = new Int32Array(1_024);
  instance = new Int32Array(1_024);
  /** When its call began, which may be an earlier attempt. */
  callBegunMs = new Float64Array(1_024);
  begunMs = new Float64Array(1_024);
  stage = new Uint8Array(1_024);
  outcome = new Uint8Array(1_024);
  /** 1: answered or timed out. */
  isOver = new Uint8Array(1_024);
  /** The life of the machine in which its work began. */
  life = new Int32Array(1_024);
  /** Who waits behind it in a machine's queue. */
  behind = new Int32Array(1_024);
  /** Instances where its call has been before. */
  readonly tried: (ReadonlySet<number> | undefined)[] = [];
  #holders = new Uint8Array(1_024);
  #free = new Int32Array(1_024);
  #freeCount = 0;
  #count = 0;

  /**
   * @param holders  how many will `release` it: the caller that waits for it, and the machine that has it
   * @returns its number; stage, outcome, life and who is behind it are the machine's to set
   */
  begin(
    caller: number,
    instance: number,
    callBegunMs: number,
    begunMs: number,
    tried: ReadonlySet<number> | undefined,
    holders: number,
  ): number {
    const row = this.#freeCount > 0 ? this.#free[--this.#freeCount]! : this.#add();
    this.caller[row] = caller;
    this.instance[row] = instance;
    this.callBegunMs[row] = callBegunMs;
    this.begunMs[row] = begunMs;
    this.tried[row] = tried;
    this.isOver[row] = 0;
    this.#holders[row] = holders;
    return row;
  }

  /** One of its holders has done with it. */
  release(row: number): void {
    if (--this.#holders[row]! === 0) this.#free[this.#freeCount++] = row;
  }

  #add(): number {
    if (this.#count === this.caller.length) this.#grow();
    return this.#count++;
  }

  #grow(): void {
    const length = this.caller.length * 2;
    this.caller = longer(this.caller, new Int32Array(length));
    this.instance = longer(this.instance, new Int32Array(length));
    this.callBegunMs = longer(this.callBegunMs, new Float64Array(length));
    this.begunMs = longer(this.begunMs, new Float64Array(length));
    this.stage = longer(this.stage, new Uint8Array(length));
    this.outcome = longer(this.outcome, new Uint8Array(length));
    this.isOver = longer(this.isOver, new Uint8Array(length));
    this.life = longer(this.life, new Int32Array(length));
    this.behind = longer(this.behind, new Int32Array(length));
    this.#holders = longer(this.#holders, new Uint8Array(length));
    this.#free = longer(this.#free, new Int32Array(length));
  }
}

function longer<T extends { set(from: ArrayLike<number>): void }>(from: T & ArrayLike<number>, into: T): T {
  into.set(from);
  return into;
}
