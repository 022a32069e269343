import type { CallFollower, RpcError } from "@msec/rpc";
import type { CallMethod } from "./call-method.ts";

/** One call that waits for its answer. */
export interface PendingCall {
  /** Under which its answer comes; 0 until it is sent. */
  sequence: number;
  readonly method: CallMethod;
  readonly resolve: (message: unknown) => void;
  readonly reject: (error: RpcError) => void;
  /** On the `performance.now()` clock. */
  readonly deadline: number;
  /** Until when it waits for a connection that is not open yet, on the same clock; 0 once that has passed and the event loop had one more turn. */
  connectBy: number;
  readonly startedMs: number;
  requestBytes: number;
  /** Where its trace, span and parent span ids are: `IdCell` of `@msec/rpc`. */
  readonly ids: Uint8Array;
  readonly idsAt: number;
  /** When it was handed to the socket; 0 until then. */
  sentMs: number;
  /** Hears what came beside the response. */
  readonly onReply: ((metadata: Readonly<Record<string, string>>) => void) | undefined;
  /** Is told how it ends. */
  readonly follower: CallFollower | undefined;
  /** Stops listening to the signal and the context that may cancel it. */
  unlisten: (() => void) | undefined;
  /** See `CallRecord`. */
  readonly attempt: number;
  readonly routeVersion: number;
}

/** Fails a call, or has its follower say what becomes of it. */
export function rejectCall({ follower, resolve, reject, ids, idsAt }: PendingCall, error: RpcError): void {
  if (follower === undefined) {
    reject(error);
  } else {
    // In a turn of its own: the follower may call again at once, and the connection may be in the middle of failing all that it had.
    resolve(Promise.reject(error).catch((thrown) => follower.failed(thrown, ids, idsAt)));
  }
}
