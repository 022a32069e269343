type Metadata = Readonly<Record<string, string>>;

/** Holds back what attempts sent beside their answers, so that the caller hears once, of the attempt that decided. */
export class LastReply {
  readonly #onReply: (metadata: Metadata) => void;
  #last: Metadata | undefined;
  /** Takes what an attempt's answer brought. */
  readonly keep = (metadata: Metadata): void => {
    this.#last = metadata;
  };

  constructor(onReply: (metadata: Metadata) => void) {
    this.#onReply = onReply;
  }

  /** The same promise, settled after the caller has heard; nothing is told where no instance answered. */
  async toldBefore<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } finally {
      if (this.#last !== undefined) this.#onReply(this.#last);
    }
  }
}
