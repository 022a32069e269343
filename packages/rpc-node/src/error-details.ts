import type { RpcErrorDetails } from "@msec/rpc";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const notExecuted = encoder.encode('{"notExecuted":true}');
const maxBytes = 4096;

/** The part of an error's details that crosses the wire, as JSON; `undefined` for none. */
export function encodeDetails(details: RpcErrorDetails): Uint8Array | undefined {
  const { retryAfterMs } = details;
  if (details.notExecuted !== true) {
    return isDelay(retryAfterMs) ? encoder.encode(JSON.stringify({ retryAfterMs })) : undefined;
  }
  return isDelay(retryAfterMs) ? encoder.encode(JSON.stringify({ notExecuted: true, retryAfterMs })) : notExecuted;
}

/** Read the details of an answer. Only what we know is taken; anything else in there is ignored. */
export function decodeDetails(bytes: Uint8Array | undefined): RpcErrorDetails {
  if (!bytes || bytes.length > maxBytes) {
    return {};
  }
  try {
    const parsed = JSON.parse(decoder.decode(bytes)) as { notExecuted?: unknown; retryAfterMs?: unknown } | null;
    const details: RpcErrorDetails = parsed?.notExecuted === true ? { notExecuted: true } : {};
    if (isDelay(parsed?.retryAfterMs)) {
      details.retryAfterMs = parsed.retryAfterMs;
    }
    return details;
  } catch {
    // Details of a foreign server in a form of its own: the code and message are enough.
    return {};
  }
}

/** Whether it is a number of milliseconds that a peer may be asked to wait: up to an hour. */
function isDelay(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 3_600_000;
}
