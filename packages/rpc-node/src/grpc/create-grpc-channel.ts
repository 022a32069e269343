import type {
  DescMessage,
  DescMethodStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import {
  type CallContext,
  type CallObserver,
  type CallOptions,
  type Client,
  Code,
  createClient,
  currentContext,
  type MessageFields,
  type Requests,
  RpcError,
  type StreamCall,
  type UnaryCall,
} from "@msec/rpc";
import type { ChannelTls } from "../channel/channel-tls.ts";
import { GrpcRequestSource } from "./grpc-request-source.ts";
import type { GrpcTransport } from "./grpc-transport.ts";
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
  /**
   * Compress (gzip) the requests that have this many bytes or more, 0…4_294_967_295; `compressRequest` decides for one request. Default: none, as between machines that stand side by
   * side.
   */
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
  readonly stream: StreamCall;
  /** A client of a service, with its streaming methods. */
  client<S extends DescService>(service: S, options?: CallOptions): Client<S>;
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
  readonly stream: StreamCall;
  readonly address: string;
  readonly #options: GrpcChannelOptions;
  readonly #where: { readonly host: string; readonly port: number };
  #transport: Promise<GrpcTransport> | undefined;
  #isClosed = false;

  constructor(target: { readonly address: string; readonly port: number }, options: GrpcChannelOptions) {
    const host = target.address.includes(":") ? `[${target.address}]` : target.address;
    this.address = `${host}:${target.port}`;
    this.#options = options;
    this.#where = { host: target.address, port: target.port };
    this.call = (method, request, given = {}) => this.#call(method, request, given);
    this.stream = (method, requests, given = {}) =>
      this.#stream(method as DescMethodStreaming, requests, given, currentContext()) as never;
  }

  client<S extends DescService>(service: S, options?: CallOptions): Client<S> {
    return createClient(service, this.call, options, this.stream);
  }

  close(): void {
    this.#isClosed = true;
    void this.#transport?.then((transport) => transport.close());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The transport, loaded at the first call. */
  #opened(): Promise<GrpcTransport> {
    this.#transport ??= import("./grpc-transport.ts").then(({ openGrpcTransport }) => {
      const transport = openGrpcTransport(this.#where, this.address, this.#options);
      if (this.#isClosed) {
        // It then says so to each call.
        transport.close();
      }
      return transport;
    });
    return this.#transport;
  }

  async #call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageFields<I>,
    given: CallOptions,
  ): Promise<MessageShape<O>> {
    const made = new MadeGrpcCall(this.address, method, this.#options, given, currentContext());
    const transport = await this.#opened();
    try {
      made.assertInTime();
      const { signal, timeoutMs, headers } = made;
      made.compression?.taken(request);
      const answer = await transport.count(made, () =>
        transport.unary(method, signal, timeoutMs, headers, request as MessageInitShape<I>),
      );
      made.replied(answer.header, answer.trailer);
      made.observe(Code.Ok, "");
      return answer.message;
    } catch (thrown) {
      throw failed(transport, made, thrown);
    }
  }

  async *#stream<I extends DescMessage, O extends DescMessage>(
    // connect-es takes any kind of method here, whatever its type says.
    method: DescMethodStreaming<I, O>,
    given: Requests<I>,
    options: CallOptions,
    context: CallContext | undefined,
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    const made = new MadeGrpcCall(this.address, method, this.#options, options, context);
    const { compression } = made;
    const requests = new GrpcRequestSource(given, compression && ((request) => compression.taken(request as object)));
    const over = new AbortController();
    const signal = made.signal ? AbortSignal.any([made.signal, over.signal]) : over.signal;
    let isObserved = false;
    const transport = await this.#opened();
    try {
      made.assertInTime();
      const answer = await transport.count(made, () =>
        transport.stream(
          method,
          signal,
          made.timeoutMs,
          made.headers,
          requests as unknown as AsyncIterable<MessageInitShape<I>>,
        ),
      );
      yield* answer.message;
      made.replied(answer.header, answer.trailer);
      isObserved = true;
      made.observe(Code.Ok, "");
    } catch (thrown) {
      isObserved = true;
      throw failed(transport, made, requests.failure ? sourceError(requests.failure.thrown) : thrown);
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
function failed(transport: GrpcTransport, made: MadeGrpcCall, thrown: unknown): RpcError {
  const error = transport.errorOf(made, thrown);
  made.observe(error.code, error.message);
  return error;
}

function sourceError(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) {
    return thrown;
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new RpcError(Code.Internal, `the source of requests failed: ${text}`, { cause: thrown });
}
