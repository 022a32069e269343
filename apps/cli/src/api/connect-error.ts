import { Code, ConnectError } from "@connectrpc/connect";
import { systemErrorCode, UserError } from "@msec/process";
import type { Messages } from "../messages/messages.ts";

/** A failed call of the server's API as one line for people. */
export function userErrorFromConnect(error: ConnectError, messages: Messages): UserError {
  const systemCode = systemErrorCode(error.cause);
  // A server that answers says itself what is away (the telemetry store, its database); "HTTP 502" is a proxy's.
  const saysNothing = /^(HTTP \d+)?$/.test(error.rawMessage);
  const away = error.code === Code.Unavailable && saysNothing;
  if (systemCode !== undefined || away || error.code === Code.DeadlineExceeded) {
    return new UserError(messages.serverUnreachable(systemCode ?? error.rawMessage), {
      hint: messages.serverUnreachableHint,
      cause: error,
    });
  }
  return new UserError(error.rawMessage, { cause: error });
}

/** Whether a call was answered with the given code. */
export function failedWith(error: unknown, code: Code): boolean {
  return error instanceof ConnectError && error.code === code;
}
