/** What a clock may gain or lose between two looks without having been set: time servers slew by less. */
const LEAST_STEP_MS = 20_000;

/**
 * Notices that the machine's clock was set, or that the machine slept: the time of day went another way than the time that passed.
 */
export class ClockSteps {
  readonly #now: () => number;
  readonly #elapsed: () => number;
  #offsetMs: number;

  /**
   * @param now      milliseconds since 1970 UTC
   * @param elapsed  milliseconds since whenever, of a clock that nobody sets
   */
  constructor(now: () => number, elapsed: () => number) {
    this.#now = now;
    this.#elapsed = elapsed;
    this.#offsetMs = now() - elapsed();
  }

  /** @returns the time, and by how many milliseconds it was set since the last look, forward above 0; 0 where it was not */
  look(): { nowMs: number; stepMs: number } {
    const nowMs = this.#now();
    const stepMs = Math.round(nowMs - this.#elapsed() - this.#offsetMs);
    this.#offsetMs += stepMs;
    return { nowMs, stepMs: Math.abs(stepMs) < LEAST_STEP_MS ? 0 : stepMs };
  }
}
