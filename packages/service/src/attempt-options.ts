import type { CallFollower, CallOptions } from "@msec/rpc";
import type { LastReply } from "./last-reply.ts";
import type { AttemptMarks } from "./routed-attempts.ts";

/** What a channel is told for one attempt of a call. */
export function attemptOptions(
  options: CallOptions | undefined,
  timeoutMs: number,
  marks: AttemptMarks | undefined,
  replies: LastReply | undefined,
  follower: CallFollower | undefined,
): CallOptions {
  const told: CallOptions = { ...options, timeoutMs, follower };
  if (replies !== undefined) told.onReply = replies.keep;
  if (marks === undefined) return told;
  if (marks.isRetry) told.isRetry = true;
  told.attempt = marks.attempt;
  told.parent ??= marks.parent;
  if (marks.signal !== undefined) {
    told.signal = options?.signal ? AbortSignal.any([options.signal, marks.signal]) : marks.signal;
  }
  return told;
}
