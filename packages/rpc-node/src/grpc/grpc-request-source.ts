/** The requests of a streaming call as connect-es reads them, one at a time; the call's end ends them too. */
export class GrpcRequestSource<T> implements AsyncIterable<T>, AsyncIterator<T> {
  /** What the caller's own source threw. */
  failure: { readonly thrown: unknown } | undefined;
  readonly #source: AsyncIterator<T> | Iterator<T>;
  #isDone = false;

  readonly #onTaken: ((request: T) => void) | undefined;

  /** @param onTaken  hears of each request when it is taken */
  constructor(source: AsyncIterable<T> | Iterable<T>, onTaken?: (request: T) => void) {
    this.#onTaken = onTaken;
    this.#source =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : (source as Iterable<T>)[Symbol.iterator]();
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.#isDone) {
      return { done: true, value: undefined };
    }
    try {
      const result = await this.#source.next();
      this.#isDone ||= result.done === true;
      if (result.done !== true) {
        this.#onTaken?.(result.value);
      }
      return result;
    } catch (thrown) {
      this.#isDone = true;
      this.failure = { thrown };
      throw thrown;
    }
  }

  /** How connect-es says that the call failed. */
  throw(reason: unknown): Promise<IteratorResult<T>> {
    this.stop();
    return Promise.reject(reason);
  }

  /** No more requests are wanted: the caller's generator runs its `finally`, a source that waits is left alone. */
  stop(): void {
    if (this.#isDone) {
      return;
    }
    this.#isDone = true;
    try {
      // What it throws now has nobody left to hear it: the call is over.
      Promise.resolve(this.#source.return?.()).catch(() => {});
    } catch {
      // As above, for a source that is not asynchronous.
    }
  }
}
