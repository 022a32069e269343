/**
 * Requests that wait for a change. Waking them costs nothing for each but a microtask; nobody polls.
 */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /** How many wait now. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Wait until woken.
   *
   * @param timeoutMs  give up after this many milliseconds
   * @param signal     give up when it aborts
   * @returns true if woken, false if it gave up
   */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    if (timeoutMs <= 0 || signal.aborted) {
      return false;
    }
    return await new Promise<boolean>((resolve) => {
      const finish = (woken: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", giveUp);
        this.#waiting.delete(wake);
        resolve(woken);
      };
      const wake = () => finish(true);
      const giveUp = () => finish(false);
      const timer = setTimeout(giveUp, timeoutMs);
      signal.addEventListener("abort", giveUp);
      this.#waiting.add(wake);
    });
  }

  /** Wake everybody who waits now. */
  wake(): void {
    for (const wake of [...this.#waiting]) {
      wake();
    }
  }
}
