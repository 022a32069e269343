/** Remembers counters of the kernel, which only ever rise, and gives what came since the last time. */
export class KernelCounters {
  #before = new Map<string, number>();
  #now = new Map<string, number>();

  /**
   * What was added since the round before.
   *
   * @returns undefined at the first sight of a counter, and when it went back: its device was made anew
   */
  since(name: string, value: number): number | undefined {
    this.#now.set(name, value);
    const before = this.#before.get(name);
    return before === undefined || value < before ? undefined : value - before;
  }

  /** The round is over: what was not seen in it is forgotten. */
  endRound(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
}
