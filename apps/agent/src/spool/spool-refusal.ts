import { isOutOfSpace, type Log } from "@msec/process";
import { Code, RpcError } from "@msec/rpc";

/**
 * What whoever reports is answered while the spool takes nothing: `Unavailable`, so that it keeps what it has and reports again.
 *
 * @param cause  why it takes nothing, where that has just been found: logged, unless the disk is full, which the spool itself tells
 */
export function spoolRefusal(log: Log, cause?: unknown): RpcError {
  if (cause !== undefined && !isOutOfSpace(cause)) log.error("telemetry cannot be spooled", { error: cause });
  return new RpcError(
    Code.Unavailable,
    "the agent cannot write to its spool, its disk may be full; report again later",
    { cause },
  );
}
