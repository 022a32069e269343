import type {
  DescMessage,
  DescMethodStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { compressionGzip, createGrpcTransport } from "@connectrpc/connect-node";
import {
  type CallContext,
  type CallObserver,
  type CallOptions,
  Code,
  currentContext,
  type MessageFields,
  RpcError,
  type UnaryCall,
} from "@msec/rpc";
import type { ChannelTls } from "../channel/channel-tls.ts";
import { rpcErrorFromConnect } from "../connect/connect-error.ts";
import { createGrpcClient, type GrpcClient, type GrpcRequests, type GrpcStreamCall } from "./grpc-client.ts";
import { GrpcConnectionError, GrpcConnections } from "./grpc-connections.ts";
import { GrpcRequestSource } from "./grpc-request-source.ts";
import { MadeGrpcCall } from "./made-grpc-call.ts";

/** Options of {@link createGrpcChannel}. */
export interface GrpcChannelOptions {
  /** Speak TLS, with the same options as `createChannel`. Default: cleartext HTTP/2. */
  readonly tls?: ChannelTls | undefined;
  /** Milliseconds in which a connection, with TLS its handshake too, must stand, 1…2_147_483_647. Default 3_000. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds that a unary call waits unless it says otherwise, 1…2_147_483_647. Default 10_000. Streams have no deadline unless they name one. */
  readonly timeoutMs?: number;
  /** Largest message either way, in bytes, 1…4_294_967_295. Default 4 MiB. */
  readonly maxBytes?: number;
  /** Compress (gzip) the requests that have this many bytes or more, 0…4_294_967_295. Default: none, as between machines that stand side by side. */
  readonly compressMinBytes?: number | undefined;
  /** Hears of every call made. */
  readonly observer?: CallObserver | undefined;
  /** Who calls, `L1.L2`; default none. */
  readonly caller?: string | undefined;
  /** `L1.L2` of the service that is called, for `CallRecord.peerService`; default "". */
  readonly peerService?: string | undefined;
}

/** A way to one server that speaks gRPC. */
export interface GrpcChannel extends Disposable {
  /**
   * One call, as `Channel.call` of `createChannel` makes it: the deadline of the request being served holds for it, its cancellation
   * reaches it. `onReply` hears headers and trailers together.
   *
   * @throws RpcError of the server, or: Unavailable (no connection), Unauthenticated (not the server that was meant), DeadlineExceeded,
   * Canceled, ResourceExhausted (too large)
   */
  readonly call: UnaryCall;
  /** A call of any kind, as `call` is in all else; `onReply` hears headers and trailers when the last answer has been taken. */
  readonly stream: GrpcStreamCall;
  /** A client of a service, with its streaming methods. */
  client<S extends DescService>(service: S, options?: CallOptions): GrpcClient<S>;
  /** `127.0.0.1:7963` */
  readonly address: string;
  /** Close the connection; calls that run fail. */
  close(): void;
}

/** Make a gRPC channel to an address. Connects at the first call, again after the connection broke, and follows GOAWAY. */
export function createGrpcChannel(
  target: { readonly address: string; readonly port: number },
  options: GrpcChannelOptions = {},
): GrpcChannel {
  return new Http2GrpcChannel(target, options);
}

class Http2GrpcChannel implements GrpcChannel {
  readonly call: UnaryCall;
  readonly stream: GrpcStreamCall;
  readonly address: string;
  readonly #options: GrpcChannelOptions;
  readonly #connections: GrpcConnections;
  readonly #transport: ReturnType<typeof createGrpcTransport>;

  constructor(target: { readonly address: string; readonly port: number }, options: GrpcChannelOptions) {
    const host = target.address.includes(":") ? `[${target.address}]` : target.address;
    this.address = `${host}:${target.port}`;
    this.#options = options;
    const where = { host: target.address, port: target.port };
    this.#connections = new GrpcConnections(where, this.address, options.tls, options.connectTimeoutMs ?? 3_000);
    const maxBytes = options.maxBytes ?? 4 * 1024 * 1024;
    const { compressMinBytes } = options;
    this.#transport = createGrpcTransport({
      baseUrl: this.#connections.authority,
      sessionManager: this.#connections,
      readMaxBytes: maxBytes,
      writeMaxBytes: maxBytes,
      ...(compressMinBytes === undefined ? {} : { sendCompression: compressionGzip, compressMinBytes }),
    });
    this.call = (method, request, given = {}) => this.#call(method, request, given);
    this.stream = (method, requests, given = {}) =>
      this.#stream(method as DescMethodStreaming, requests, given, currentContext()) as never;
  }

  client<S extends DescService>(service: S, options?: CallOptions): GrpcClient<S> {
    return createGrpcClient(service, this, options);
  }

  close(): void {
    this.#connections.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageFields<I>,
    given: CallOptions,
  ): Promise<MessageShape<O>> {
    const made = new MadeGrpcCall(this.address, method, this.#options, given, currentContext());
    try {
      made.assertInTime();
      const { signal, timeoutMs, headers } = made;
      const answer = await this.#transport.unary(method, signal, timeoutMs, headers, request as MessageInitShape<I>);
      made.replied(answer.header, answer.trailer);
      made.observe(Code.Ok, "");
      return answer.message;
    } catch (thrown) {
      throw failed(made, thrown);
    }
  }

  async *#stream<I extends DescMessage, O extends DescMessage>(
    // connect-es takes any kind of method here, whatever its type says.
    method: DescMethodStreaming<I, O>,
    given: GrpcRequests<I>,
    options: CallOptions,
    context: CallContext | undefined,
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    const made = new MadeGrpcCall(this.address, method, this.#options, options, context);
    const requests = new GrpcRequestSource(given);
    const over = new AbortController();
    const signal = made.signal ? AbortSignal.any([made.signal, over.signal]) : over.signal;
    let isObserved = false;
    try {
      made.assertInTime();
      const answer = await this.#transport.stream(
        method,
        signal,
        made.timeoutMs,
        made.headers,
        requests as unknown as AsyncIterable<MessageInitShape<I>>,
      );
      yield* answer.message;
      made.replied(answer.header, answer.trailer);
      isObserved = true;
      made.observe(Code.Ok, "");
    } catch (thrown) {
      isObserved = true;
      throw failed(made, requests.failure ? sourceError(requests.failure.thrown) : thrown);
    } finally {
      over.abort();
      requests.stop();
      if (!isObserved) {
        made.observe(Code.Canceled, "the caller takes no more answers");
      }
    }
  }
}

/** Observe a failed call. @returns its error as ours */
function failed(made: MadeGrpcCall, thrown: unknown): RpcError {
  if (thrown instanceof ConnectError) {
    made.replied(thrown.metadata);
  }
  const error = errorOf(made, thrown);
  made.observe(error.code, error.message);
  return error;
}

function errorOf(made: MadeGrpcCall, thrown: unknown): RpcError {
  // What our own connecting threw, connect-es wraps and calls Internal.
  const cause = (thrown as { cause?: unknown } | undefined)?.cause;
  if (cause instanceof GrpcConnectionError) {
    return cause;
  }
  const error = rpcErrorFromConnect(thrown);
  // Node resets the streams of a connection that ends with CANCEL, and connect-es calls a broken socket Aborted: neither the caller nor the server said so.
  const isOfServer = thrown instanceof ConnectError && thrown.metadata.has("grpc-status");
  const isCut = error.code === Code.Canceled || error.code === Code.Aborted;
  if (isCut && !isOfServer && !(thrown instanceof RpcError) && !made.signal?.aborted) {
    return new RpcError(Code.Unavailable, `${made.address}: the other end closed the connection or the call`, {
      cause: error,
    });
  }
  return error;
}

function sourceError(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) {
    return thrown;
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new RpcError(Code.Internal, `the source of requests failed: ${text}`, { cause: thrown });
}
