import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { encodeFrame, HeadDecoder, RequestHeadEncoder, type RequestHeadFields, RpcHead, Writer } from "@msec/wire";
import { FrameInput } from "../srpc/frame-input.ts";

const keptBytes = 64 * 1024;

/** One answer as a client without our channel sees it. */
export interface RawAnswer {
  readonly head: RpcHead;
  readonly body: Buffer;
}

/** A TCP connection that sends and collects bytes, for tests of what is on the wire. */
export class RawConnection implements AsyncDisposable {
  readonly socket: Socket;
  /** The first bytes received, about 64 KiB of them. */
  received: Buffer = Buffer.alloc(0);
  /** Whether the other end has closed, in order or by reset. */
  closed = false;
  #changed = Promise.withResolvers<void>();
  readonly #answers: RawAnswer[] = [];
  readonly #input = new FrameInput(
    {
      onFrame: (bytes, span) => {
        const head = new RpcHead();
        new HeadDecoder().decodeWholeResponse(bytes, span.headStart, span.headEnd, head);
        this.#answers.push({ head, body: Buffer.from(bytes.subarray(span.bodyStart, span.bodyEnd)) });
      },
      // HTTP and other text: tests of those look at `received`.
      onBadFrame: () => {},
    },
    { maxHeadBytes: 1 << 20, maxFrameBytes: 1 << 28 },
  );

  private constructor(socket: Socket) {
    this.socket = socket;
    const changed = () => {
      this.#changed.resolve();
      this.#changed = Promise.withResolvers<void>();
    };
    socket.on("data", (chunk: Buffer) => {
      if (this.received.length < keptBytes) {
        this.received = Buffer.concat([this.received, chunk]);
      }
      this.#input.push(chunk, chunk.length, 0);
      changed();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      changed();
    });
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** Wait for so many whole answers; fails when the connection ends before. */
  async answers(count: number): Promise<RawAnswer[]> {
    for (;;) {
      const answers = this.#answers;
      if (answers.length >= count) {
        return answers;
      }
      if (this.closed) {
        throw new Error(`closed after ${answers.length} of ${count} answers`);
      }
      await this.#changed.promise;
    }
  }

  /** Wait until what was received matches; fails when the connection ends before. */
  async text(pattern: RegExp): Promise<string> {
    for (;;) {
      const text = this.received.toString("latin1");
      if (pattern.test(text)) {
        return text;
      }
      if (this.closed) {
        throw new Error(`closed before ${pattern} matched ${JSON.stringify(text.slice(0, 300))}`);
      }
      await this.#changed.promise;
    }
  }

  /** Wait until the other end closes. */
  async end(): Promise<void> {
    while (!this.closed) {
      await this.#changed.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.end();
  }
}

/** The bytes of one request frame. */
export function requestFrame(
  sequence: number | bigint,
  method: string,
  body: Uint8Array,
  fields: RequestHeadFields = {},
  caller = "raw.py",
): Uint8Array {
  const writer = new Writer();
  new RequestHeadEncoder(caller, method).encode(writer, sequence, fields);
  const head = writer.copy();
  writer.reset();
  encodeFrame(writer, head, body);
  return writer.copy();
}
