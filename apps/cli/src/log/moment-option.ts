import { usageError } from "../context.ts";
import type { Messages } from "../messages/messages.ts";
import { parseMoment } from "./time-span.ts";

/**
 * A time that an option gives: a span back from now (`10m`) or a date.
 *
 * @param option  `--since`
 * @param nowMs   milliseconds since 1970 UTC
 * @returns milliseconds since 1970 UTC
 * @throws UserError (exit status 2) for what is no time
 */
export function momentOption(option: string, text: string, nowMs: number, messages: Messages): number {
  const ms = parseMoment(text, nowMs);
  if (ms === undefined) throw usageError(messages.badMoment(option, text), messages.badMomentHint);
  return ms;
}
