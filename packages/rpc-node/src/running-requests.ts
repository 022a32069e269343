/** What a connection does when requests take too much memory. */
export interface RequestHolder {
  /** There is room again: read on. */
  readOn(): void;
}

/**
 * How much memory requests take, for all connections of a listener. Their number says little: 4,096 small ones on a connection are nothing, of
 * the largest that may come they are 16 GiB.
 *
 * Two sums, each bounded by the same number: of requests whose handlers run, beyond which nobody who would begin more is refused, but read no
 * further; and of HTTP bodies and SRPC frames that are still coming, beyond which a call is refused, since to hold up what must be whole before it can run would
 * let those who never finish theirs stop all others.
 */
export class RunningRequests {
  readonly #maxBytes: number;
  readonly #waiting = new Set<RequestHolder>();
  #bytes = 0;
  #arrivingBytes = 0;

  /** @param maxBytes  of all connections together */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether more requests may be begun. */
  get hasRoom(): boolean {
    return this.#bytes <= this.#maxBytes;
  }

  /** Requests of so many bytes have begun (or, negative, ended). */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (bytes < 0 && this.#waiting.size > 0 && this.hasRoom) {
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const holder of waiting) {
        holder.readOn();
      }
    }
  }

  /** So many bytes of bodies or frames came that are not complete (or, negative, are by now, or are forgotten). @returns whether that is still allowed */
  arrive(bytes: number): boolean {
    this.#arrivingBytes += bytes;
    return this.#arrivingBytes <= this.#maxBytes;
  }

  /** Call `readOn` once, when there is room. */
  wait(holder: RequestHolder): void {
    this.#waiting.add(holder);
  }

  /** Forget a holder that is gone. */
  leave(holder: RequestHolder): void {
    this.#waiting.delete(holder);
  }
}
