import { performance } from "node:perf_hooks";
/**
 * One timer for any number of deadlines.
 *
 * A `setTimeout` for each call costs more than the call's other bookkeeping together. Here the timer is armed for the
 * earliest deadline known; when it fires, `expire(now)` ends what is due and names the next. Calls with one and the
 * same timeout never move it, so it fires at most once in that time.
 */
export class DeadlineTimer {
  readonly #expire: (nowMs: number) => number;
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  /** @param expire  ends what is due at `nowMs` (`performance.now()`) and returns the earliest deadline left, `Infinity` for none */
  constructor(expire: (nowMs: number) => number) {
    this.#expire = expire;
  }

  /** See to it that `expire` runs when `deadline` (`performance.now()` clock) has passed; never before, at most 2 ms later on an idle process. */
  add(deadline: number): void {
    if (deadline < this.#armedFor) {
      this.#arm(deadline);
    }
  }

  /** Forget everything. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #arm(deadline: number): void {
    clearTimeout(this.#timer);
    this.#armedFor = deadline;
    // Node cuts a delay above 2^31-1 down to 1 ms; waking earlier than needed only arms the timer again.
    const delayMs = Math.min(Math.max(1, Math.ceil(deadline - performance.now())), 0x7fff_ffff);
    this.#timer = setTimeout(() => this.#fire(), delayMs);
    // A waiting call keeps the process alive through its socket; the timer alone must not.
    this.#timer.unref();
  }

  #fire(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const next = this.#expire(performance.now());
    if (next < this.#armedFor) {
      this.#arm(next);
    }
  }
}
