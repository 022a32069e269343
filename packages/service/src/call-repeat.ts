import type { CallResult } from "@msec/balance";
import { Code, RpcError } from "@msec/rpc";

/** Instances that one call is tried on at most. */
export const MAX_TRIES = 4;

/**
 * Whether a failed call did certainly nothing, so that another instance may be asked whatever the method: nothing of it was sent, or the
 * instance said that it did not begin. A deadline counts where nothing was sent: it is that of one attempt, if there is time left. Not for what would fail the same everywhere: a
 * request that cannot be encoded, a cancellation.
 */
export function isRepeatable(error: unknown): boolean {
  if (!(error instanceof RpcError)) return false;
  if (error.details.notSent !== true && error.details.notExecuted !== true) return false;
  const { code } = error;
  return (
    code === Code.Unavailable ||
    code === Code.ResourceExhausted ||
    (code === Code.DeadlineExceeded && error.details.notSent === true)
  );
}

// Codes by which an instance says that it is not well; the others are the caller's own doing.
const unwell: ReadonlySet<Code> = new Set([
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.ResourceExhausted,
  Code.Unimplemented,
  Code.Internal,
  Code.Unavailable,
  Code.DataLoss,
]);

/** Whether a failure came from the other end: an answer carries the original's return code, what has none did not come from there. */
export function isAnswer(error: unknown): boolean {
  return error instanceof RpcError && (error.details.ret !== undefined || error.details.notExecuted === true);
}

/** What a failed call tells the balancer about the instance. */
export function resultOfFailure(error: unknown, durationMs: number): CallResult {
  if (!(error instanceof RpcError)) return { ok: true, durationMs, transportFailed: false };
  const transportFailed = error.code === Code.Unavailable && !isAnswer(error);
  return { ok: !unwell.has(error.code), durationMs, transportFailed };
}
