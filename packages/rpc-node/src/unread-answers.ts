/** How much memory all peers of a listener together keep busy by not reading their answers. */
export class UnreadAnswers {
  #bytes = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A connection holds so much more (or, negative, less) than when it said so last. @returns whether that is still allowed */
  add(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes <= this.#maxBytes;
  }
}
