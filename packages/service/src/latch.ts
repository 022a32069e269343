/** Wakes one waiting loop, which runs on in its own asynchronous context instead of that of whoever woke it. */
export class Latch {
  #wake: (() => void) | undefined;
  #set = false;

  /** Wakes the loop now, or lets its next wait end at once. */
  set(): void {
    this.#set = true;
    this.#wake?.();
  }

  /** Waits until `set` or until the time is over. */
  async wait(timeoutMs: number): Promise<void> {
    if (!this.#set) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
    }
    this.#wake = undefined;
    this.#set = false;
  }
}
