import type { HandlerContext } from "@connectrpc/connect";
import {
  type CallServer,
  type RpcError,
  rpcErrorFromUnknown,
  type ServedMethod,
  type ServedStream,
  serveStream,
} from "@msec/rpc";
import { CallRoom } from "../call-room.ts";
import { encodeEnvelope } from "../grpc/encode-envelope.ts";
import { addMetadata } from "../http2/header-metadata.ts";
import { streamWindowBytes } from "../http2/http2-connection.ts";
import { type ArrivedHeaders, WebCall } from "../http2/web-call.ts";
import { connectErrorFromRpcError } from "./connect-error.ts";

/** So much may come before there must be room for the largest message. */
const unannouncedBytes = 64 * 1024;

/** One call whose protocol connect-node speaks: the bridge between its handlers and ours. */
export class ConnectCall extends WebCall {
  /** Whether the handler was reached; before that connect-node answers what is wrong with a request. */
  started = false;
  /** Since when its request may come, `performance.now()`. */
  comesSinceMs: number;
  readonly #room: CallRoom;
  readonly #isStream: boolean;
  readonly #calls: CallServer;
  readonly #maxBytes: number;
  #sentBytes = 0;
  #gone: (() => void) | undefined;
  #method: ServedMethod | ServedStream | undefined;
  #answer: { resolve: (fields: object) => void; reject: (error: unknown) => void } | undefined;

  constructor(arrived: ArrivedHeaders, calls: CallServer, method: ServedMethod | ServedStream, maxBytes: number) {
    super(arrived);
    this.comesSinceMs = this.receivedMs;
    this.#isStream = method.desc.methodKind !== "unary";
    this.#room = new CallRoom(arrived.connection.room, this.#isStream ? undefined : (method as ServedMethod));
    this.#calls = calls;
    this.#maxBytes = maxBytes;
  }

  /** Whether nothing of it may run yet, because others take the memory. */
  get isWaiting(): boolean {
    return this.#room.isWaiting;
  }

  /** The request's bytes as connect-node asks for them; what finds no room stays unread. @throws ConnectError ResourceExhausted */
  async *read(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.length;
      this.requestBytes = bytes;
      let refusal = this.#room.arrived(chunk.length);
      if (!refusal && bytes > unannouncedBytes && !this.#room.isTaken) {
        const { promise, resolve } = Promise.withResolvers<void>();
        if (!this.#room.take(this.#maxBytes, resolve)) {
          refusal = this.#room.hold(Math.min(this.#maxBytes, streamWindowBytes));
          this.#gone = resolve;
          await promise;
          this.#room.unhold();
          this.comesSinceMs = performance.now();
        }
      }
      if (refusal) {
        throw connectErrorFromRpcError(refusal);
      }
      yield chunk;
    }
  }

  /** The caller has its answer, or is gone. */
  end(): void {
    this.#room.end();
    this.#gone?.();
  }

  /** @throws ConnectError where the call may not run */
  admit(): void {
    const refusal = this.#calls.admit(this);
    if (refusal) {
      this.started = true;
      this.#calls.refuse(this, refusal);
      throw connectErrorFromRpcError(refusal);
    }
  }

  /** Run the handler of a unary method. @throws ConnectError */
  async unary(method: ServedMethod, request: object, context: HandlerContext): Promise<object> {
    this.started = true;
    this.#method = method;
    const { promise, resolve, reject } = Promise.withResolvers<object>();
    this.#answer = { resolve, reject };
    // An abandoned call is not answered; without this its promises would stay for ever.
    this.onCancel(reject);
    this.#room.take(this.requestBytes, () => {
      if (!this.settled) {
        this.#room.runs(this.requestBytes);
        this.#calls.serve(this, method, request);
      }
    });
    try {
      const fields = await promise;
      this.#setMetadata(context);
      return fields;
    } catch (thrown) {
      this.#setMetadata(context);
      throw connectErrorFromRpcError(rpcErrorFromUnknown(thrown));
    } finally {
      this.#setTrailers(context);
    }
  }

  /** Run the handler of a streaming method. */
  async *stream(method: ServedStream, input: unknown, context: HandlerContext): AsyncGenerator<object> {
    this.started = true;
    this.#method = method;
    let isFirst = true;
    const handed =
      method.desc.methodKind === "server_streaming" ? input : this.#handOver(input as AsyncIterable<object>);
    this.#room.handedOver();
    try {
      for await (const fields of serveStream(this.#calls, this, method, handed, () => this.#sentBytes)) {
        if (isFirst) {
          isFirst = false;
          this.#setMetadata(context);
        }
        this.#sentBytes += this.#size(fields);
        yield fields;
      }
    } catch (thrown) {
      if (isFirst) {
        this.#setMetadata(context);
      }
      throw connectErrorFromRpcError(rpcErrorFromUnknown(thrown));
    } finally {
      this.#setTrailers(context);
    }
  }

  respond(fields: object): number {
    const bytes = this.#size(fields);
    this.#answer!.resolve(fields);
    this.#room.answered(bytes);
    return bytes;
  }

  respondError(error: RpcError): void {
    this.#answer?.reject(error);
    this.#room.end();
  }

  // What handlers keep of a stream is theirs, and not held against the next call on the connection.
  async *#handOver(messages: AsyncIterable<object>): AsyncGenerator<object> {
    for await (const message of messages) {
      this.#room.handedOver();
      yield message;
    }
  }

  // connect-node encodes by itself, perhaps as JSON and after this; what counts (and is limited) is the protobuf size, as everywhere.
  #size(fields: object): number {
    return encodeEnvelope(this.#method!, fields, this.#maxBytes).length - 5;
  }

  #setMetadata(context: HandlerContext): void {
    if (this.givenReply) {
      addMetadata(this.givenReply.metadata, (name, value) => context.responseHeader.set(name, value));
    }
  }

  #setTrailers(context: HandlerContext): void {
    if (this.givenReply) {
      addMetadata(this.givenReply.trailers, (name, value) => context.responseTrailer.set(name, value));
    }
  }
}
