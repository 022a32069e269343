import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createFrameSpan, FrameState, HeadDecoder, parseFrame, RpcHead } from "@msec/wire";
import { patience } from "./patience.ts";

/** One SRPC answer as it came. */
export interface Answer {
  readonly sequence: number | bigint;
  /** gRPC's number. */
  readonly code: number;
  /** The original's number. */
  readonly err: number;
  readonly message: string;
  readonly body: Buffer;
}

const keptBytes = 1024 * 1024;

/** The target closed a connection on which something was still waited for. */
export class PeerClosedError extends Error {
  override readonly name = "PeerClosedError";
}

/** A raw TCP connection of somebody with bad intentions. */
export class Peer implements Disposable {
  readonly socket: Socket;
  /** What was received, its first MiB. */
  received = Buffer.alloc(0);
  /** The other end closed, in order or by reset. */
  closed = false;
  #changed = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      if (this.received.length < keptBytes) {
        this.received = Buffer.concat([this.received, chunk]);
      }
      this.#wake();
    });
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async open(port: number): Promise<Peer> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: false });
    await once(socket, "connect");
    return new Peer(socket);
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** Send a reset instead of an end. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** The whole SRPC frames among what was received. */
  get answers(): Answer[] {
    return readAnswers(this.received);
  }

  /**
   * Wait until `holds`, of what happens on this connection.
   *
   * @throws PeerClosedError  it is closed, so that nothing more can happen
   * @throws Error            after `calmMs`, what it takes at most on a calm machine, and patience
   */
  async until(holds: () => boolean, what: string, calmMs: number): Promise<void> {
    const withinMs = calmMs * patience;
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, withinMs);
    const deadline = performance.now() + withinMs;
    try {
      while (!holds()) {
        const received = () => JSON.stringify(this.received.subarray(0, 300).toString("latin1"));
        if (this.closed) {
          throw new PeerClosedError(`${what}: the connection was closed; received ${received()}`);
        }
        if (performance.now() >= deadline) {
          throw new Error(`${what}: not within ${withinMs} ms; received ${received()}`);
        }
        await Promise.race([this.#changed.promise, timeout.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** The whole SRPC frames that bytes begin with. */
export function readAnswers(bytes: Buffer): Answer[] {
  const span = createFrameSpan();
  const found: Answer[] = [];
  const decoder = new HeadDecoder();
  for (let at = 0; parseFrame(bytes, at, bytes.length, span) === FrameState.Whole; at = span.next) {
    found.push(readAnswer(decoder, bytes, span.headStart, span.headEnd, span.bodyStart, span.bodyEnd));
  }
  return found;
}

function readAnswer(
  decoder: HeadDecoder,
  bytes: Buffer,
  headStart: number,
  headEnd: number,
  bodyStart: number,
  bodyEnd: number,
): Answer {
  const head = new RpcHead();
  try {
    decoder.decodeResponse(bytes, headStart, headEnd, head);
  } catch {
    // An answer to a head that had no sequence has none either.
  }
  const { sequence, code, err, errMsg: message } = head;
  return { sequence, code, err, message, body: Buffer.from(bytes.subarray(bodyStart, bodyEnd)) };
}
