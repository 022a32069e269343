import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import {
  type ArrivedCall,
  type CallServer,
  Code,
  codeName,
  RpcError,
  retFromError,
  ServedCall,
  type ServedMethod,
} from "@msec/rpc";
import { compileJsonCodec } from "@msec/wire";
import { CallRoom } from "../call-room.ts";
import { streamWindowBytes } from "../http2/http2-connection.ts";
import type { HttpConnection } from "../http2/http2-exchange.ts";
import type { ListenerLimits } from "../limits.ts";
import { encodedBody } from "./asked-method.ts";
import { discardBody } from "./discard-body.ts";
import { parseRequest } from "./parse-request.ts";
import type { BodyReceiver, PushedRequest } from "./pushed-request.ts";

/** What all such calls of a listener share. */
export interface HttpCallShared {
  readonly calls: CallServer;
  readonly limits: ListenerLimits;
}

let answered: HttpCall[] = [];

/** Of Node's Buffer, works on any Uint8Array: the request id in a quarter of the time of `requestId`, which makes a view first. */
const { hexSlice } = Buffer.prototype as unknown as { hexSlice(this: Uint8Array, start: number, end: number): string };

/** Look after an answer at the end of this turn, when nearly all are out: a timer set and cleared for each took a tenth of its time. */
function afterTurn(call: HttpCall): void {
  if (answered.push(call) === 1) {
    setImmediate(() => {
      const calls = answered;
      answered = [];
      for (const one of calls) {
        one.watchUnread();
      }
    });
  }
}

/**
 * One request that came as HTTP+JSON in the original's shape. The HTTP status is always 200: what happened is in `ret`.
 *
 * States: the body comes → (it is complete, and there is room) the handler runs → answered. What is wrong with a request is said when its body
 * has come, so that the next one on the connection begins where it should; a body that is too large ends the connection.
 */
export class HttpCall extends ServedCall implements BodyReceiver {
  readonly #request: PushedRequest;
  readonly #response: ServerResponse;
  readonly #method: ServedMethod | undefined;
  readonly #refusal: RpcError | undefined;
  readonly #shared: HttpCallShared;
  readonly #connection: HttpConnection;
  readonly #room: CallRoom;
  #body: Buffer | undefined;
  #chunks: Buffer[] | undefined;
  #bytes = 0;
  #isComplete = false;
  #isRefused = false;

  /**
   * @param method   `undefined` where there is none of this name
   * @param refusal  what is already known to be wrong
   */
  constructor(
    arrived: ArrivedCall,
    request: PushedRequest,
    response: ServerResponse,
    method: ServedMethod | undefined,
    refusal: RpcError | undefined,
    connection: HttpConnection,
    shared: HttpCallShared,
  ) {
    super(arrived);
    this.#request = request;
    this.#response = response;
    this.#method = method;
    this.#refusal = refusal;
    this.#connection = connection;
    this.#shared = shared;
    this.#room = new CallRoom(connection.room, method);
  }

  /** Read the request, then run the handler. */
  read(): void {
    const request = this.#request;
    this.#response.on("close", () => this.#closed());
    const bytes = Number(request.headers["content-length"] ?? 0);
    if (bytes > this.#shared.limits.frames.maxBytes) {
      void this.#refuseUnread(this.#tooLarge());
      return;
    }
    if (bytes === 0) {
      request.receive(this);
      return;
    }
    let waited = false;
    waited = !this.#room.take(bytes, () => {
      if (waited) {
        this.#room.unhold();
        // Part of the body may have come since.
        request.on("data", (chunk: Buffer) => this.onBody(chunk));
        request.on("end", () => this.onBodyEnd());
      } else {
        request.receive(this);
      }
    });
    const refusal = waited ? this.#room.hold(Math.min(bytes, streamWindowBytes)) : undefined;
    if (refusal) {
      void this.#refuseUnread(refusal);
    }
  }

  respond(fields: object): number {
    // Field names as the interface file spells them, and fields at their default too: that is what the original's callers read.
    const result = compileJsonCodec(this.#method!.desc.output).write(fields);
    return this.#send(Code.Ok, `{"ret":0, "errmsg":"", "resultObj": ${result}}`);
  }

  respondError(error: RpcError): void {
    this.#send(error.code, `{"ret":${retFromError(error)}, "errmsg":${JSON.stringify(error.message)}}`);
  }

  onBody(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.settled) {
      return;
    }
    this.waitingSinceMs = this.#connection.reads.startMs();
    const refusal =
      this.#bytes > this.#shared.limits.frames.maxBytes ? this.#tooLarge() : this.#room.arrived(chunk.length);
    if (refusal) {
      void this.#refuseUnread(refusal);
    } else if (this.#body === undefined) {
      this.#body = chunk;
    } else {
      this.#keep(chunk);
    }
  }

  #keep(chunk: Buffer): void {
    this.#chunks ??= [this.#body!];
    this.#chunks.push(chunk);
    if (this.#chunks.length > 1_024) {
      // A body in tiny pieces: a Buffer object for each takes far more than its bytes.
      this.#chunks = [Buffer.concat(this.#chunks)];
    }
  }

  onBodyEnd(): void {
    this.#isComplete = true;
    if (this.settled || this.#isRefused) {
      return;
    }
    this.requestBytes = this.#bytes;
    this.#room.takeFor(this, this.#bytes, () => this.#run());
  }

  #run(): void {
    const { calls } = this.#shared;
    const body = this.#chunks ? Buffer.concat(this.#chunks) : this.#body;
    this.#chunks = undefined;
    this.#body = undefined;
    const refusal = this.#refusal ?? calls.admit(this);
    if (refusal) {
      calls.refuse(this, refusal);
      return;
    }
    let message: unknown;
    try {
      message = parseRequest(this.#method!, body);
    } catch (thrown) {
      calls.refuse(this, encodedBody(this.#request.headers) ?? (thrown as RpcError));
      return;
    }
    this.#room.runs(this.#bytes);
    calls.serve(this, this.#method!, message);
  }

  // Of the body more may follow, so nothing else can on this connection.
  async #refuseUnread(error: RpcError): Promise<void> {
    this.#isRefused = true;
    this.#body = undefined;
    this.#chunks = undefined;
    this.#room.end();
    this.#request.stopReceiving();
    this.#request.removeAllListeners("data");
    await discardBody(this.#request);
    if (!this.#response.headersSent) {
      this.#response.setHeader("connection", "close");
    }
    this.#shared.calls.refuse(this, error);
  }

  #closed(): void {
    this.#room.end();
    if (!this.#response.writableFinished) {
      const text = this.#isComplete
        ? "the caller closed the connection"
        : "the request broke off before its body was complete";
      this.#shared.calls.abandon(this, new RpcError(Code.Canceled, text));
    }
  }

  #tooLarge(): RpcError {
    return new RpcError(
      Code.ResourceExhausted,
      `the body is larger than frames.maxBytes ${this.#shared.limits.frames.maxBytes}`,
    );
  }

  // As text, not as a Buffer: Node then writes headers and body as one string, and not as a list of two.
  #send(code: Code, body: string): number {
    const response = this.#response;
    const bytes = Buffer.byteLength(body);
    if (response.destroyed || response.headersSent) {
      return bytes;
    }
    // A list, which Node goes through more quickly than through an object.
    const headers = [
      "content-type",
      "application/json; charset=utf-8",
      "content-length",
      String(bytes),
      "msec-request-id",
      hexSlice.call(this.ids, this.idsAt, this.idsAt + 16),
    ];
    // Both ends pay for each header of each answer, and of a success `ret` says enough.
    if (code !== Code.Ok) {
      headers.push("msec-code", codeName(code));
    }
    response.writeHead(200, headers);
    // As many bytes as characters: all of them are ASCII, and need no encoder.
    response.end(body, bytes === body.length ? "latin1" : "utf8");
    this.#room.answered(bytes);
    // What the system has taken whole needs no looking after; nearly always it has.
    if (!response.socket || response.socket.writableLength > 0) {
      afterTurn(this);
    }
    return bytes;
  }

  /**
   * Close the connection when the peer does not take the answer: until it is out, the socket has no time-out of Node's. One of several that are
   * pipelined has no socket until its turn comes.
   */
  watchUnread(): void {
    const response = this.#response;
    if (response.writableFinished || response.destroyed) {
      return;
    }
    const { stalledMs } = this.#shared.limits.unsent;
    const watch = (socket: Socket) => {
      socket.setTimeout(stalledMs);
      // Before Node's own listener, which sets the keep-alive time-out, or none while the next request runs.
      response.prependOnceListener("finish", () => socket.setTimeout(0));
    };
    if (response.socket) {
      watch(response.socket);
    } else {
      response.once("socket", watch);
    }
  }
}
