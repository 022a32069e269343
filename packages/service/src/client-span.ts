import { CallRecord, CallSide, Code, currentContext, RpcError, type TraceParent, wallClockUs } from "@msec/rpc";
import type { Recorder } from "@msec/telemetry";

/** What is known of a call when it is over. */
export type SpanEnd = {
  readonly peerService: string;
  /** Empty where no instance was found. */
  readonly peerInstance: string;
  readonly error?: unknown;
  readonly requestBytes?: number;
  readonly responseBytes?: number;
  /** Milliseconds that it took, ending now; default: since the span was made. */
  readonly durationMs?: number;
  /** Which attempt of its call it is, see `attemptMark`; default the first. */
  readonly attempt?: number | undefined;
  /** Version of the called service's route table; default 0: none. */
  readonly routeVersion?: number | undefined;
};

/** Where a call is in a trace. */
export type TracePosition = {
  /** 16 bytes. */
  readonly traceId: Uint8Array;
  /** 8 bytes; zeros where the call is the first. */
  readonly parentSpanId: Uint8Array;
} & Pick<TraceParent, "sampled" | "traceState">;

/** The place of a call made now: within the request being served, else the first of a new trace. */
export function currentPosition(): TracePosition {
  const { traceId, spanId, sampled, traceState } = currentContext() ?? newTrace();
  return { traceId, parentSpanId: spanId, sampled, traceState };
}

/** Where a trace begins: what belongs to it has no parent. */
export function newTrace(): TraceParent {
  return { traceId: crypto.getRandomValues(new Uint8Array(16)), spanId: new Uint8Array(8), sampled: true };
}

/** The record of a call that no channel makes, and so no channel records: one over HTTP+JSON, or one that found no instance. */
export class ClientSpan {
  readonly traceId: Uint8Array;
  readonly spanId = crypto.getRandomValues(new Uint8Array(8));
  readonly #parentSpanId: Uint8Array;
  readonly #method: string;
  readonly #deadlineMs: number;
  readonly #startedMs = performance.now();
  #sentMs: number | undefined;

  /**
   * Begins now.
   *
   * @param deadlineMs  what is left to the call; 0 where it has no deadline
   * @param position    its place in a trace; default: within the request being served, else the first of a new trace
   */
  constructor(method: string, deadlineMs: number, position: TracePosition = currentPosition()) {
    this.traceId = position.traceId;
    this.#parentSpanId = position.parentSpanId;
    this.#method = method;
    this.#deadlineMs = deadlineMs;
  }

  /** It goes out now: what went before was waiting, for routes or a connection. Without this word all of it was. */
  readonly sent = (): void => {
    this.#sentMs = performance.now();
  };

  /** Hands the record over. */
  end(recorder: Recorder, end: SpanEnd): void {
    const { peerService, peerInstance, error, requestBytes = 0, responseBytes = 0 } = end;
    const nowMs = performance.now();
    const durationMs = end.durationMs ?? nowMs - this.#startedMs;
    const record = new CallRecord(CallSide.Client);
    record.method = this.#method;
    record.peerService = peerService;
    record.peerInstance = peerInstance;
    record.ids = Buffer.concat([this.traceId, this.spanId, this.#parentSpanId]);
    record.startUs = wallClockUs(nowMs - durationMs);
    record.durationUs = durationMs * 1_000;
    record.queueUs = end.durationMs === undefined ? ((this.#sentMs ?? nowMs) - this.#startedMs) * 1_000 : 0;
    record.code = codeOf(error);
    record.message = error instanceof Error ? error.message : "";
    record.requestBytes = requestBytes;
    record.responseBytes = responseBytes;
    record.deadlineMs = this.#deadlineMs;
    record.attempt = end.attempt ?? 0;
    record.routeVersion = end.routeVersion ?? 0;
    recorder.onClientCall(record);
  }
}

function codeOf(error: unknown): Code {
  if (error === undefined) return Code.Ok;
  return error instanceof RpcError ? error.code : Code.Unknown;
}
