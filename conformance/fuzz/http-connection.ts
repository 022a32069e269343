import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { methodName } from "../hostile/srpc-bytes.ts";

/** How long an answer is awaited before the input is taken for one that is not complete, and our side of the connection ends. */
const quietMs = 60;
const stackTrace = /\bat .*\.(ts|js):\d|node_modules|node:internal/;

/** What came of one input. */
export interface Attempt {
  /** The connection is as good as before. */
  readonly goesOn: boolean;
  /** The promise that was broken; `undefined` when all were kept. */
  readonly failure: string | undefined;
}

/**
 * A connection that takes inputs one after the other, as long as they leave it in a state to do so.
 *
 * Behind each input goes a good request with a mark of its own. Where its answer comes back, the input was complete and the next one may follow; where the target closes instead, it has
 * refused the input; where neither happens, the input has swallowed the good request, and after the end of our side the target must close.
 */
export class HttpFuzzConnection {
  readonly #socket: Socket;
  #mark = "";
  /** What was received last, long enough for a mark that comes in two pieces. */
  #tail = "";
  #hasTrace = false;
  #isClosed = false;
  #changed: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      const text = this.#tail + chunk.toString("latin1");
      this.#hasTrace ||= stackTrace.test(text);
      const at = this.#mark === "" ? -1 : text.indexOf(this.#mark);
      this.#tail = text.slice(-200);
      if (at >= 0) {
        this.#mark = "";
        this.#changed?.();
      }
    });
    socket.on("close", () => {
      this.#isClosed = true;
      this.#changed?.();
    });
  }

  static async open(port: number): Promise<HttpFuzzConnection> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: false });
    await once(socket, "connect");
    return new HttpFuzzConnection(socket);
  }

  /** @param hangMs  how long the target may take to answer or to close */
  async attempt(input: Uint8Array, index: number, hangMs: number): Promise<Attempt> {
    this.#mark = `end of ${index}."`;
    const body = `{"text":"${this.#mark}}`;
    const good = `POST /?methodName=${methodName("Echo")} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    this.#socket.write(Buffer.concat([input, Buffer.from(good)]));
    if (!(await this.#settled(quietMs))) {
      this.#socket.end();
      if (!(await this.#settled(hangMs))) {
        this.#socket.destroy();
        return { goesOn: false, failure: `neither answered nor closed within ${hangMs} ms` };
      }
    }
    const goesOn = !this.#isClosed && this.#socket.writable;
    if (!goesOn) {
      this.#socket.destroy();
    }
    return { goesOn, failure: this.#hasTrace ? "a stack trace in the answer" : undefined };
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Whether the mark came or the connection was closed within so long. */
  async #settled(withinMs: number): Promise<boolean> {
    const isOver = () => this.#isClosed || this.#mark === "";
    if (!isOver()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, withinMs);
      this.#changed = resolve;
      await promise;
      clearTimeout(timer);
    }
    return isOver();
  }
}
