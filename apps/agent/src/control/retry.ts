import { setTimeout as delay } from "node:timers/promises";

/** Pauses between attempts of one exchange with the server. */
export interface RetryOptions {
  /** First pause, milliseconds; doubled at each further failure. Default 100. */
  readonly firstMs?: number;
  /** Longest pause, milliseconds. Default 3_000. */
  readonly maxMs?: number;
  readonly random?: () => number;
}

/** Pauses that double and of which half is random, so that the agents of a server that comes back do not all come at once. */
export class RetryPause {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(options: RetryOptions = {}) {
    this.#firstMs = options.firstMs ?? 100;
    this.#maxMs = options.maxMs ?? 3_000;
    this.#random = options.random ?? Math.random;
  }

  /** It worked: the next pause is the first again. */
  reset(): void {
    this.#failures = 0;
  }

  /** The next pause, milliseconds. */
  nextMs(): number {
    const pauseMs = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.#failures++, 20));
    return pauseMs * (0.5 + this.#random() / 2);
  }

  /** Wait for the next pause; ends early, without an error, when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    await sleep(this.nextMs(), signal);
  }
}

/** Wait for a change, at most `ms`; ends early, without an error, when the signal aborts. */
export async function sleepUnless(changed: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
  const isOver = new AbortController();
  await Promise.race([sleep(ms, AbortSignal.any([signal, isOver.signal])), changed]);
  isOver.abort();
}

/** Wait; ends early, without an error, when the signal aborts. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
