import { performance } from "node:perf_hooks";
import type { DescMethod } from "@bufbuild/protobuf";
import {
  type CallContext,
  type CallOptions,
  CallRecord,
  CallSide,
  Code,
  formatTraceParent,
  idOffset,
  RpcError,
  type TraceParent,
  takeIds,
  wallClockUs,
} from "@msec/rpc";
import { addMetadata, attemptsHeader, metadataFromHeaders } from "../http2/header-metadata.ts";
import type { GrpcChannelOptions } from "./create-grpc-channel.ts";
import { RequestCompression } from "./request-compression.ts";

/** Flags and length, in front of each message of gRPC. */
const MESSAGE_HEAD_BYTES = 5;

/** What one call over gRPC says beside its requests, and its record. */
export class MadeGrpcCall {
  readonly headers = new Headers();
  /** Milliseconds that are left; `undefined` where it has no deadline. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** `undefined` where nothing is compressed. */
  readonly compression: RequestCompression | undefined;
  /** Whom it goes to. */
  readonly address: string;
  readonly #startMs = performance.now();
  readonly #method: DescMethod;
  readonly #options: GrpcChannelOptions;
  readonly #given: CallOptions;
  readonly #span: TraceParent;
  readonly #parentSpanId: Uint8Array;
  #sentMs = 0;
  #requestBytes = 0;
  #responseBytes = 0;

  constructor(
    address: string,
    method: DescMethod,
    options: GrpcChannelOptions,
    given: CallOptions,
    context: CallContext | undefined,
  ) {
    this.address = address;
    this.#method = method;
    this.#options = options;
    this.compression =
      options.compressMinBytes === undefined ? undefined : new RequestCompression(options.compressMinBytes);
    this.#given = given;
    // Streams may be meant to last: they have no deadline by default.
    const ownMs = given.timeoutMs ?? (method.methodKind === "unary" ? (options.timeoutMs ?? 10_000) : undefined);
    const leftMs = Math.min(ownMs ?? Number.POSITIVE_INFINITY, context?.remainingMs() ?? Number.POSITIVE_INFINITY);
    this.timeoutMs = Number.isFinite(leftMs) ? Math.ceil(leftMs) : undefined;
    const signals = [given.signal, context?.signal].filter((signal) => signal !== undefined);
    this.signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    const parent = given.parent ?? context;
    this.#span = childOf(parent);
    this.#parentSpanId = parent ? Uint8Array.from(parent.spanId) : new Uint8Array(8);
    if (parent?.traceState) {
      this.headers.set("tracestate", parent.traceState);
    }
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

  /** @throws RpcError DeadlineExceeded where no time is left */
  assertInTime(): void {
    if (this.timeoutMs !== undefined && this.timeoutMs <= 0) {
      throw new RpcError(Code.DeadlineExceeded, "the deadline passed before the call was made", {
        details: { notSent: true },
      });
    }
  }

  /** Tell the caller what came beside the response. */
  replied(...parts: readonly Headers[]): void {
    const { onReply } = this.#given;
    if (!onReply) {
      return;
    }
    try {
      onReply(
        Object.assign(Object.create(null), ...parts.map((part) => metadataFromHeaders(Object.fromEntries(part)))),
      );
    } catch (thrown) {
      // The caller's own fault is told as any error that nobody catches; the call is not to blame.
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }

  /** A part of the request goes out: the connection stands. @param bytes  with the head of its message */
  sent(bytes: number): void {
    this.#sentMs ||= performance.now();
    this.#requestBytes += bytes;
  }

  /** A part of the answer came. */
  received(bytes: number): void {
    this.#responseBytes += bytes;
  }

  /** The call is over. */
  observe(code: Code, message: string): void {
    const record = new CallRecord(CallSide.Client);
    record.method = `${this.#method.parent.typeName}.${this.#method.name}`;
    record.peerService = this.#options.peerService ?? "";
    record.peerInstance = this.address;
    record.ids = Buffer.concat([this.#span.traceId, this.#span.spanId, this.#parentSpanId]);
    const nowMs = performance.now();
    record.startUs = wallClockUs(this.#startMs);
    record.durationUs = (nowMs - this.#startMs) * 1000;
    record.queueUs = ((this.#sentMs || nowMs) - this.#startMs) * 1000;
    record.code = code;
    record.message = message;
    record.deadlineMs = this.timeoutMs ?? 0;
    // Of one message its own bytes, as where it is served; of a stream all that went over the wire.
    const headBytes = this.#method.methodKind === "unary" ? MESSAGE_HEAD_BYTES : 0;
    record.requestBytes = Math.max(0, this.#requestBytes - headBytes);
    record.responseBytes = Math.max(0, this.#responseBytes - headBytes);
    record.attempt = this.#given.attempt ?? 0;
    this.#options.observer?.onClientCall(record);
  }
}

function childOf(parent: TraceParent | undefined): TraceParent {
  const { slab, at } = takeIds();
  const span = Uint8Array.from(slab.subarray(at, at + idOffset.parent));
  return {
    traceId: parent ? Uint8Array.from(parent.traceId) : span.subarray(idOffset.trace, idOffset.span),
    spanId: span.subarray(idOffset.span),
    sampled: parent?.sampled ?? true,
  };
}
