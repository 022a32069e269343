import type { DescMessage, DescMethodUnary, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import {
  type CallContext,
  type CallObserver,
  type CallOptions,
  CallRecord,
  CallSide,
  Code,
  currentContext,
  formatTraceParent,
  idOffset,
  type MessageFields,
  RpcError,
  type TraceParent,
  takeIds,
  type UnaryCall,
  wallClockUs,
} from "@msec/rpc";
import { rpcErrorFromConnect } from "../connect/connect-error.ts";
import { addMetadata, attemptsHeader } from "../http2/header-metadata.ts";

/** Options of {@link createGrpcChannel}. */
export interface GrpcChannelOptions {
  /** Speak TLS; `ca` (PEM) beside the system's own roots' place. Default: cleartext HTTP/2. */
  readonly tls?: { readonly ca?: string | Buffer; readonly key?: string | Buffer; readonly cert?: string | Buffer };
  /** Milliseconds that a call waits unless it says otherwise, 1…2_147_483_647. Default 10_000. */
  readonly timeoutMs?: number;
  /** Largest message either way, in bytes, 1…4_294_967_295. Default 4 MiB. */
  readonly maxBytes?: number;
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
   * reaches it.
   *
   * @throws RpcError of the server, or: Unavailable (no connection), DeadlineExceeded, Canceled, ResourceExhausted (too large)
   */
  readonly call: UnaryCall;
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
  const host = target.address.includes(":") ? `[${target.address}]` : target.address;
  const address = `${host}:${target.port}`;
  const baseUrl = `${options.tls ? "https" : "http"}://${address}`;
  const sessionManager = new Http2SessionManager(baseUrl, { idleConnectionTimeoutMs: 300_000 }, { ...options.tls });
  const maxBytes = options.maxBytes ?? 4 * 1024 * 1024;
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager,
    readMaxBytes: maxBytes,
    writeMaxBytes: maxBytes,
    // The answer may come compressed; what is sent is not, as between machines that stand side by side.
  });

  const call = async <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageFields<I>,
    given: CallOptions = {},
  ): Promise<MessageShape<O>> => {
    const context = currentContext();
    const made = new MadeCall(address, method.parent, method.name, options, given, context);
    try {
      const { timeoutMs, signal, headers } = made;
      if (timeoutMs <= 0) {
        throw new RpcError(Code.DeadlineExceeded, "the deadline passed before the call was made", {
          details: { notSent: true },
        });
      }
      const { message } = await transport.unary(method, signal, timeoutMs, headers, request as MessageInitShape<I>);
      made.observe(Code.Ok, "");
      return message;
    } catch (thrown) {
      const error = rpcErrorFromConnect(thrown);
      made.observe(error.code, error.message);
      throw error;
    }
  };
  const close = () => sessionManager.abort(new RpcError(Code.Canceled, "the channel was closed"));
  return { call: call as UnaryCall, address, close, [Symbol.dispose]: close };
}

/** What one call says beside its request, and its record. */
class MadeCall {
  readonly headers = new Headers();
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly #startMs = performance.now();
  readonly #name: string;
  readonly #address: string;
  readonly #options: GrpcChannelOptions;
  readonly #span: TraceParent;
  readonly #parentSpanId: Uint8Array;

  constructor(
    address: string,
    service: DescService,
    method: string,
    options: GrpcChannelOptions,
    given: CallOptions,
    context: CallContext | undefined,
  ) {
    this.#address = address;
    this.#options = options;
    this.#name = `${service.typeName}.${method}`;
    this.timeoutMs = Math.ceil(
      Math.min(given.timeoutMs ?? options.timeoutMs ?? 10_000, context?.remainingMs() ?? Number.POSITIVE_INFINITY),
    );
    const signals = [given.signal, context?.signal].filter((signal) => signal !== undefined);
    this.signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    const parent = given.parent ?? context;
    this.#span = childOf(parent);
    this.#parentSpanId = parent ? Uint8Array.from(parent.spanId) : new Uint8Array(8);
    addMetadata(given.metadata ?? {}, (name, value) => this.headers.set(name, value));
    this.headers.set("traceparent", formatTraceParent(this.#span));
    this.headers.set("msec-hops", String((context?.hops ?? -1) + 1));
    if (given.isRetry || context?.isRetry) {
      this.headers.set(attemptsHeader, "1");
    }
    if (given.dyed || context?.dyed) {
      this.headers.set("msec-coloring", "1");
    }
    const caller = given.caller ?? options.caller;
    if (caller) {
      this.headers.set("caller", caller);
    }
  }

  observe(code: Code, message: string): void {
    const record = new CallRecord(CallSide.Client);
    record.method = this.#name;
    record.peerService = this.#options.peerService ?? "";
    record.peerInstance = this.#address;
    record.ids = Buffer.concat([this.#span.traceId, this.#span.spanId, this.#parentSpanId]);
    record.startUs = wallClockUs(this.#startMs);
    record.durationUs = (performance.now() - this.#startMs) * 1000;
    record.code = code;
    record.message = message;
    record.deadlineMs = this.timeoutMs;
    // The transport encodes and tells no sizes.
    this.#options.observer?.onClientCall(record);
  }
}

function childOf(parent: TraceParent | undefined): TraceParent {
  const { slab, at } = takeIds();
  const span = Uint8Array.from(slab.subarray(at, at + idOffset.parent));
  return {
    traceId: parent ? Uint8Array.from(parent.traceId) : span.subarray(idOffset.trace, idOffset.span),
    spanId: span.subarray(idOffset.span),
    sampled: parent?.sampled ?? false,
  };
}
