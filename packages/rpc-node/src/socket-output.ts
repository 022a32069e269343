import type { Socket } from "node:net";
import type { Writer } from "@msec/wire";
import { flushThisTurn } from "./flush-turn.ts";
import { returnWriter, takeWriter } from "./writer-pool.ts";

/** Above this the turn does not wait for its end: bounds the memory of one turn, and the kernel can start sending. */
const flushEarlyBytes = 256 * 1024;

/**
 * From so much on, the answers of about five small calls, it goes out as soon as the read that caused it is done with, not at the end of the turn: the peer works
 * on it while the other connections of the turn are read. Otherwise both ends take turns: 294 k instead of 222 k calls/s at 8 x 32, 214 k instead of 186 k at 8 x 8
 * (medians of five pairs, same processor time a call). A single answer is not worth it: at 64 x 1 the rate is the same and takes 1 µs more.
 */
const flushSoonBytes = 1024;

/** From so much on the kernel may not take all at once, and the memory is worth being told when it has. */
const largeBytes = 16 * 1024;

/** Collects what one connection has to send in a turn and writes it at once. */
export class SocketOutput {
  readonly #socket: Socket;
  readonly #maxUnsentBytes: number;
  readonly #onBlocked: (() => void) | undefined;
  #writer: Writer | undefined;
  #scheduled = false;
  #soon = false;
  #held = false;
  #collecting = false;
  #onFlush: (() => void) | undefined;

  /**
   * @param maxUnsentBytes  above this much that the peer does not take, `onBlocked` is called; the socket emits `drain` when it
   *                        is taken
   */
  constructor(socket: Socket, maxUnsentBytes = Number.POSITIVE_INFINITY, onBlocked?: () => void) {
    this.#socket = socket;
    this.#maxUnsentBytes = maxUnsentBytes;
    this.#onBlocked = onBlocked;
  }

  /** Collect, but write nothing until `release`: there is no connection yet. */
  hold(): void {
    this.#held = true;
  }

  /** Write what was collected, and from now on at the end of each turn. */
  release(): void {
    this.#held = false;
    this.flush();
  }

  /** Call `listener` right before each write. */
  onFlush(listener: () => void): void {
    this.#onFlush = listener;
  }

  /** Wait for `flushCollected`, which comes soon, instead of the end of the turn. */
  collect(): void {
    this.#collecting = true;
  }

  /** Write what came since `collect`. */
  flushCollected(): void {
    this.#collecting = false;
    if (!this.#scheduled) {
      this.flush();
    }
  }

  /** Forget what was not written. */
  discard(): void {
    this.#held = true;
    if (this.#writer) {
      returnWriter(this.#writer);
      this.#writer = undefined;
    }
  }

  /** Where to append. Valid until the code that asked yields; call `wrote()` after. */
  get writer(): Writer {
    this.#writer ??= takeWriter();
    return this.#writer;
  }

  /** Something was appended: it goes out in this turn. */
  wrote(): void {
    if (this.#held) {
      return;
    }
    if (this.#writer!.position > flushEarlyBytes) {
      this.flush();
    } else if (!this.#collecting) {
      this.#schedule();
    }
  }

  #schedule(): void {
    if (!this.#scheduled) {
      this.#scheduled = true;
      flushThisTurn(this);
    }
    if (!this.#soon && this.#writer!.position > flushSoonBytes) {
      this.#soon = true;
      process.nextTick(flushSoon, this);
    }
  }

  /** Bytes that the peer's side of the connection has not taken yet. */
  get unsentBytes(): number {
    return (this.#writer?.position ?? 0) + this.#socket.writableLength;
  }

  /** Write what there is. */
  flush(): void {
    this.#scheduled = false;
    this.#soon = false;
    const writer = this.#writer;
    if (!writer || this.#held) {
      return;
    }
    this.#writer = undefined;
    if (writer.position === 0 || !this.#socket.writable) {
      returnWriter(writer);
      return;
    }
    this.#onFlush?.();
    const isLarge = writer.position > largeBytes;
    if (isLarge) {
      this.#socket.write(writer.written(), () => returnWriter(writer));
    } else {
      this.#socket.write(writer.written());
    }
    const { writableLength } = this.#socket;
    if (writableLength === 0) {
      // Nothing queued: the kernel has a copy and the memory is free. Otherwise the socket still reads from it: leave it.
      if (!isLarge) {
        returnWriter(writer);
      }
    } else if (writableLength > this.#maxUnsentBytes && this.#socket.writableNeedDrain) {
      this.#onBlocked?.();
    }
  }
}

function flushSoon(output: SocketOutput): void {
  output.flush();
}
