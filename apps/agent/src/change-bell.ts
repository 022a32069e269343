/** Those who wait for the next change of something. */
export class ChangeBell {
  readonly #waiting = new Set<() => void>();

  /** There is a change: all who wait go on. */
  ring(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Settles at the next change, or when the signal aborts. */
  async untilRung(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake);
    await promise;
    signal.removeEventListener("abort", wake);
    this.#waiting.delete(wake);
  }
}
