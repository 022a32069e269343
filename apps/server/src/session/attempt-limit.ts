const windowMs = 60_000;
const maxFailures = 10;
const maxPeers = 10_000;

interface Failures {
  count: number;
  sinceMs: number;
}

/**
 * Counts failed sign-ins: at most 10 in a minute from one address.
 *
 * Tokens have 256 bits and cannot be guessed; this keeps guessing from costing the database anything.
 */
export class AttemptLimit {
  readonly #now: () => number;
  readonly #failures = new Map<string, Failures>();

  /** @param now  milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds until this address may try again; 0 where it may now. */
  waitMs(peer: string): number {
    const failures = this.#current(peer);
    return failures === undefined || failures.count < maxFailures ? 0 : failures.sinceMs + windowMs - this.#now();
  }

  /** Count a sign-in that failed. */
  failed(peer: string): void {
    const failures = this.#current(peer);
    if (failures !== undefined) {
      failures.count++;
      return;
    }
    if (this.#failures.size >= maxPeers) {
      const oldest = this.#failures.keys().next().value;
      if (oldest !== undefined) {
        this.#failures.delete(oldest);
      }
    }
    this.#failures.set(peer, { count: 1, sinceMs: this.#now() });
  }

  #current(peer: string): Failures | undefined {
    const failures = this.#failures.get(peer);
    if (failures !== undefined && failures.sinceMs + windowMs <= this.#now()) {
      this.#failures.delete(peer);
      return undefined;
    }
    return failures;
  }
}
