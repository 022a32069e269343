import type { HandlerContext } from "@connectrpc/connect";
import {
  type CallServer,
  type RpcError,
  rpcErrorFromUnknown,
  type ServedMethod,
  type ServedStream,
  serveStream,
} from "@msec/rpc";
import { encodeEnvelope } from "../grpc/encode-envelope.ts";
import { addMetadata } from "../http2/header-metadata.ts";
import { type ArrivedHeaders, WebCall } from "../http2/web-call.ts";
import { connectErrorFromRpcError } from "./connect-error.ts";

/** One call whose protocol connect-node speaks: the bridge between its handlers and ours. */
export class ConnectCall extends WebCall {
  /** Whether the handler was reached; before that connect-node answers what is wrong with a request. */
  started = false;
  readonly #calls: CallServer;
  readonly #maxBytes: number;
  #sentBytes = 0;
  #method: ServedMethod | ServedStream | undefined;
  #answer: { resolve: (fields: object) => void; reject: (error: unknown) => void } | undefined;

  constructor(arrived: ArrivedHeaders, calls: CallServer, maxBytes: number) {
    super(arrived);
    this.#calls = calls;
    this.#maxBytes = maxBytes;
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
    this.#calls.serve(this, method, request);
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
    try {
      for await (const fields of serveStream(this.#calls, this, method, input, () => this.#sentBytes)) {
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
    return bytes;
  }

  respondError(error: RpcError): void {
    this.#answer?.reject(error);
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
