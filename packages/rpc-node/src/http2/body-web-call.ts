import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { Code, RpcError, type ServedMethod } from "@msec/rpc";
import { firstHeader } from "./header-metadata.ts";
import { streamWindowBytes } from "./http2-connection.ts";
import type { Http2Shared } from "./http2-exchange.ts";
import { UnaryWebCall } from "./unary-web-call.ts";
import type { ArrivedHeaders } from "./web-call.ts";

/** So much of a body that does not say how long it is may come before there must be room for the largest. */
const unannouncedBytes = 64 * 1024;

/** A unary call whose request is the body of an HTTP request, of either version, without any framing of its own: unary Connect, and HTTP+JSON over HTTP/2. */
export abstract class BodyWebCall extends UnaryWebCall {
  protected readonly request: IncomingMessage | Http2ServerRequest;
  protected readonly response: ServerResponse;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    arrived: ArrivedHeaders,
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse,
    method: ServedMethod,
    shared: Http2Shared,
  ) {
    super(arrived, method, shared);
    this.request = request;
    this.response = response;
  }

  /** Read the request, then run the handler. */
  read(): void {
    const request = this.request;
    this.response.on("close", () => this.closed());
    const bytes = Number(request.headers["content-length"] ?? 0);
    const refusal = bytes > this.maxBytes ? this.#tooLarge() : this.calls.stopping ? this.calls.admit(this) : undefined;
    if (refusal) {
      this.calls.refuse(this, refusal);
      return;
    }
    request.on("end", () => this.#onEnd());
    const onData = (chunk: Buffer) => this.#onData(chunk);
    if (bytes === 0) {
      request.on("data", onData);
      return;
    }
    this.#takeRoom(bytes, () => request.on("data", onData));
  }

  #onData(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.settled) {
      return;
    }
    this.waitingSinceMs = this.reads.startMs();
    const refusal = this.room.arrived(chunk.length);
    if (refusal) {
      this.#chunks = [];
      this.calls.refuse(this, refusal);
      return;
    }
    if (this.#bytes > this.maxBytes) {
      this.#chunks = [];
      this.calls.refuse(this, this.#tooLarge());
      return;
    }
    this.#chunks.push(chunk);
    if (this.#chunks.length > 1_024) {
      // A body in tiny pieces: a Buffer object for each takes far more than its bytes.
      this.#chunks = [Buffer.concat(this.#chunks)];
    }
    if (this.#bytes > unannouncedBytes && !this.room.isTaken && !this.room.isWaiting) {
      this.request.pause();
      this.#takeRoom(this.maxBytes, () => this.request.resume());
    }
  }

  // What does not fit stays unread: in the stream's window, or in the connection.
  #takeRoom(bytes: number, read: () => void): void {
    const room = this.room;
    let waited = false;
    waited = !room.take(bytes, () => {
      if (waited) {
        room.unhold();
        this.comesSinceMs = performance.now();
      }
      read();
    });
    const refusal = waited ? room.hold(Math.min(bytes, streamWindowBytes)) : undefined;
    if (refusal) {
      this.calls.refuse(this, refusal);
    }
  }

  #onEnd(): void {
    this.awaitsMore = false;
    if (this.settled) {
      return;
    }
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = [];
    const encoding = firstHeader(this.request.headers, "content-encoding");
    if (encoding === "gzip") {
      this.runCompressed({ flags: 1, body }, encoding);
    } else {
      this.run(body);
    }
  }

  #tooLarge(): RpcError {
    return new RpcError(Code.ResourceExhausted, `the body is larger than frames.maxBytes ${this.maxBytes}`, {
      details: { notExecuted: true },
    });
  }
}
