/** When a process that ended is started again. */
export interface BackOffOptions {
  /** Pause after the first exit, milliseconds; doubled at each further one. Default 100. */
  readonly firstMs?: number;
  /** Longest pause, milliseconds. Default 30_000. */
  readonly maxMs?: number;
  /** Running this long makes the next pause the first again, milliseconds. Default 30_000. */
  readonly resetAfterMs?: number;
}

/** Counts exits and says how long to wait after each. */
export class BackOff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #resetAfterMs: number;
  #exits = 0;

  constructor(options: BackOffOptions = {}) {
    this.#firstMs = options.firstMs ?? 100;
    this.#maxMs = options.maxMs ?? 30_000;
    this.#resetAfterMs = options.resetAfterMs ?? 30_000;
  }

  /**
   * Another exit.
   *
   * @param ranMs  how long it had run
   * @returns the pause in milliseconds
   */
  afterExit(ranMs: number): number {
    if (ranMs >= this.#resetAfterMs) this.#exits = 0;
    return Math.min(this.#firstMs * 2 ** Math.min(this.#exits++, 30), this.#maxMs);
  }

  /** Forget earlier exits: its owner started it by hand. */
  reset(): void {
    this.#exits = 0;
  }
}
