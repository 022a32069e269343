import type { MessageCodec, RpcError } from "@msec/rpc";

/** One call that waits for its answer. */
export interface PendingCall {
  readonly method: string;
  readonly response: MessageCodec;
  readonly resolve: (message: unknown) => void;
  readonly reject: (error: RpcError) => void;
  /** On the `performance.now()` clock. */
  readonly deadline: number;
  readonly startedMs: number;
  requestBytes: number;
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array;
  /** When it was handed to the socket; 0 until then. Kept only for an observer. */
  sentMs: number;
  /** Stops listening to the signal and the context that may cancel it. */
  unlisten: (() => void) | undefined;
}
