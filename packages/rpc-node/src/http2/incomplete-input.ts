import { constants, type ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";

/**
 * Finds the peer of an HTTP/2 connection that has begun something and does not end it: a header block whose CONTINUATION never comes, or drips; half of a frame.
 *
 * Node tells nothing of headers before they are complete. But HTTP/2 allows no other frame within a header block (RFC 9113, 6.10), nor within a frame, so a peer that is in the
 * middle of one cannot answer a PING. Who has sent something that is no open call is asked, and has to answer. That costs a good client 17 bytes whenever it
 * pauses, and also finds one that vanished without a word.
 */
export class IncompleteInput {
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #answerMs: number;
  /** Bytes read, up to which all is known to have been whole frames. */
  #wholeBytes = 0;
  /** `performance.now()` when the peer was asked; 0: it is not. */
  #askedMs = 0;

  /** @param headMs  how long a request's headers may take: half of it until the peer is asked, half for its answer */
  constructor(session: ServerHttp2Session, socket: Socket, headMs: number) {
    this.#session = session;
    this.#socket = socket;
    this.#answerMs = headMs / 2;
  }

  /**
   * Look, from time to time, while no call is open.
   *
   * @param quietSinceMs  since when none is
   * @returns whether the peer owes its answer for too long
   */
  isLate(nowMs: number, quietSinceMs: number): boolean {
    if (this.#session.destroyed) {
      return false;
    }
    if (this.#askedMs !== 0) {
      return nowMs - this.#askedMs > this.#answerMs;
    }
    if (nowMs - quietSinceMs > this.#answerMs && this.#socket.bytesRead !== this.#wholeBytes) {
      this.#ask(nowMs);
    }
    return false;
  }

  /** The peer has begun a call: it sends whole frames. */
  sound(): void {
    this.#askedMs = 0;
  }

  #ask(nowMs: number): void {
    const { bytesRead } = this.#socket;
    this.#askedMs = nowMs;
    this.#session.ping((failure) => {
      this.#askedMs = 0;
      // What came together with the answer is not known to be whole: about that the peer is asked the next time.
      if (!failure && this.#socket.bytesRead === bytesRead + pingBytes) {
        this.#wholeBytes = bytesRead + pingBytes;
      }
    });
  }

  /** Say why, and close. */
  close(): void {
    const why = "what was begun was not completed within http.headMs";
    this.#session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, undefined, Buffer.from(why));
    this.#session.destroy(new Error(why), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

/** A PING frame: nine bytes of header, eight of its own. */
const pingBytes = 17;
