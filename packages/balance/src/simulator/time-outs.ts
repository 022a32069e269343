import type { Attempts } from "./attempts.ts";
import { timeoutMs } from "./measurement.ts";

/**
 * Whose callers will have waited for a whole time-out, and when.
 *
 * Hardly any call comes to that, so none is noted when it begins: four times in a time-out those that are still out are looked through for the ones whose time ends
 * before the next such look.
 */
export class TimeOuts {
  readonly #attempts: Attempts;
  // The next ones in the order of time, until the next look; some of them end before their time does.
  #due: { readonly attempt: number; readonly atMs: number }[] = [];
  #next = 0;
  #lookMs = 0;
  /** When to `take` the next time. */
  atMs = 0;

  constructor(attempts: Attempts) {
    this.#attempts = attempts;
  }

  /** At `atMs`. @returns whose time is over, or `undefined` when this was only to look */
  take(): number | undefined {
    const due = this.#due[this.#next];
    if (due === undefined || due.atMs > this.atMs) {
      this.#look();
      return undefined;
    }
    this.#next++;
    this.#schedule();
    // Its row may be another one's by now, which began later.
    return this.#attempts.begunMs[due.attempt]! + timeoutMs === due.atMs ? due.attempt : undefined;
  }

  #look(): void {
    this.#lookMs += timeoutMs / 4;
    this.#due = [];
    this.#next = 0;
    const { count, begunMs } = this.#attempts;
    for (let attempt = 0; attempt < count; attempt++) {
      const atMs = begunMs[attempt]! + timeoutMs;
      if (atMs <= this.#lookMs) this.#due.push({ attempt, atMs });
    }
    this.#due.sort((a, b) => a.atMs - b.atMs);
    this.#schedule();
  }

  #schedule(): void {
    this.atMs = Math.min(this.#due[this.#next]?.atMs ?? Number.POSITIVE_INFINITY, this.#lookMs);
  }
}
