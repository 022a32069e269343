import type { Constants } from "./constants.ts";

/** Whether an instance that serves calls, of which some are out without an answer, is to be asked if anybody is there, and when again. */
export class Asking {
  #askedMs = Number.NEGATIVE_INFINITY;
  #answeredMs = Number.NEGATIVE_INFINITY;
  // Answers in a row, without one to a call between them: it is at work on something long, so it is asked less and less.
  #answers = 0;

  /**
   * Whether to ask now.
   *
   * @param silentSinceMs  the last answer to a call, or the first of the calls that are out
   * @param hangMs         how long a call may take here without anything being wrong
   */
  isDue(silentSinceMs: number, hangMs: number, nowMs: number, numbers: Constants): boolean {
    if (silentSinceMs > this.#answeredMs) this.#answers = 0;
    const { askAfterMs, probeMaxMs, probeTimeoutMs } = numbers;
    const waitMs = Math.max(hangMs, Math.min(askAfterMs * 2 ** this.#answers, probeMaxMs));
    return nowMs - Math.max(silentSinceMs, this.#answeredMs) >= waitMs && nowMs - this.#askedMs >= probeTimeoutMs;
  }

  begin(nowMs: number): void {
    this.#askedMs = nowMs;
  }

  /** Something came back, or nothing. */
  ended(isThere: boolean, nowMs: number): void {
    this.#askedMs = Number.NEGATIVE_INFINITY;
    if (!isThere) return;
    this.#answeredMs = nowMs;
    this.#answers = Math.min(this.#answers + 1, 30);
  }
}
