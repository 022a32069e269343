import { Code, RpcError } from "@msec/rpc";

/** One length-prefixed message of gRPC. */
export interface Envelope {
  /** Bit 0: compressed. */
  readonly flags: number;
  /** A view: valid until it is dropped, its memory is not used again. */
  readonly body: Buffer;
}

const prefixBytes = 5;
const empty = Buffer.alloc(0);

/**
 * Cuts a body into gRPC's messages: 1 byte flags, 4 bytes length (big-endian), the message.
 *
 * Nothing is allocated on the strength of a length: the memory held is at most twice what has arrived. Chunks of one byte each are
 * copied together, because a Buffer object for each would take a hundred times their size.
 */
export class EnvelopeReader {
  readonly #maxBytes: number;
  #bytes: Buffer = empty;
  #start = 0;
  #end = 0;
  #isOwn = false;

  /** @param maxBytes  largest message */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of a message that is not complete yet. */
  get heldBytes(): number {
    return this.#end - this.#start;
  }

  /** How long the message that is not complete says it is, with its prefix; 0 until it has said so. */
  get announcedBytes(): number {
    return this.heldBytes < prefixBytes ? 0 : prefixBytes + this.#bytes.readUInt32BE(this.#start + 1);
  }

  /** Take what arrived. The chunk is kept. */
  push(chunk: Buffer): void {
    const held = this.heldBytes;
    if (held === 0) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      this.#isOwn = false;
      return;
    }
    if (!this.#isOwn || this.#end + chunk.length > this.#bytes.length) {
      // Never moved within its memory: messages that were given out are views of it.
      const grown = Buffer.allocUnsafe(Math.max(512, 2 * (held + chunk.length)));
      this.#bytes.copy(grown, 0, this.#start, this.#end);
      this.#bytes = grown;
      this.#isOwn = true;
      this.#start = 0;
      this.#end = held;
    }
    chunk.copy(this.#bytes, this.#end);
    this.#end += chunk.length;
  }

  /**
   * The next whole message, or `undefined` until more arrives.
   *
   * @throws RpcError ResourceExhausted as soon as a length passes the limit
   */
  next(): Envelope | undefined {
    if (this.heldBytes < prefixBytes) {
      return undefined;
    }
    const length = this.#bytes.readUInt32BE(this.#start + 1);
    if (length > this.#maxBytes) {
      throw new RpcError(
        Code.ResourceExhausted,
        `the message has ${length} bytes, frames.maxBytes is ${this.#maxBytes}`,
        { details: { notExecuted: true } },
      );
    }
    const bodyStart = this.#start + prefixBytes;
    if (this.#end < bodyStart + length) {
      return undefined;
    }
    const flags = this.#bytes[this.#start]!;
    this.#start = bodyStart + length;
    return { flags, body: this.#bytes.subarray(bodyStart, this.#start) };
  }
}
