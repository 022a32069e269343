import type { DescMethodUnary } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { type CallOptions, Code, currentContext, RpcError } from "@msec/rpc";

/** Retries of one call at most, beside its repeats of attempts that certainly did nothing. */
export const RETRIES_MAX = 2;

/** How one call may be repeated although its handler may have run. */
export type RepeatPolicy = {
  /** Full name of the method. */
  readonly method: string;
  readonly retries: boolean;
  /** Milliseconds after which a second instance is asked; `auto`: as the method's calls have shown; `undefined`: never. */
  readonly hedgeAfterMs: number | "auto" | undefined;
};

/**
 * What may be repeated of a call: nothing, unless the IDL says that its method may run twice and the call is not itself part of a repeat.
 *
 * @throws RpcError InvalidArgument  `hedge.afterMs` that is no time
 */
export function repeatPolicy(method: DescMethodUnary, options: CallOptions | undefined): RepeatPolicy | undefined {
  const hedge = options?.hedge;
  const afterMs = typeof hedge === "object" ? hedge.afterMs : undefined;
  if (afterMs !== undefined) assertTime("hedge.afterMs", afterMs);
  if (method.idempotency === MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN) return undefined;
  if (options?.isRetry === true || currentContext()?.isRetry === true) return undefined;
  const retries = options?.retry !== false;
  const hedgeAfterMs = afterMs ?? (hedge === true ? "auto" : undefined);
  if (!retries && hedgeAfterMs === undefined) return undefined;
  return { method: `${method.parent.typeName}.${method.name}`, retries, hedgeAfterMs };
}

/** @throws RpcError InvalidArgument  a number of milliseconds that no timer can wait */
export function assertTime(name: string, ms: number): void {
  if (ms >= 1 && ms <= 2_147_483_647) return;
  throw new RpcError(Code.InvalidArgument, `${name} ${ms} must be in 1…2147483647`, { details: { notSent: true } });
}

/** Whether a failure is one that another instance may not have, so that an idempotent call is worth another try. */
export function isRetryable(error: unknown, hasAttemptTimeout: boolean): error is RpcError {
  if (!(error instanceof RpcError)) return false;
  return error.code === Code.Unavailable || (error.code === Code.DeadlineExceeded && hasAttemptTimeout);
}

/**
 * Milliseconds before a retry: around 20, then around 40, or as long as the instance asked for.
 *
 * Half to one and a half of it at random, so that callers that failed together do not come back together.
 *
 * @param retry  0 for the first one
 * @param random  0…1
 */
export function backoffMs(retry: number, error: RpcError, random: number): number {
  const { retryAfterMs } = error.details;
  return Math.max(20 * 2 ** retry * (0.5 + random), typeof retryAfterMs === "number" ? retryAfterMs : 0);
}
