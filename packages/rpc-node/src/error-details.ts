import type { ErrorDetail, RpcErrorDetails } from "@msec/rpc";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const notExecuted = encoder.encode('{"notExecuted":true}');
/** All that is read, as JSON with base64. */
const maxBytes = 8_192;
/** Bytes of messages that are sent, type names included, as over gRPC. */
const maxMessageBytes = 4_096;
const maxMessages = 16;

/**
 * The part of an error's details that crosses the wire, as JSON; `undefined` for none. Its messages are left out where they are too long.
 *
 * @param roomBytes  what the head has room for
 */
export function encodeDetails(details: RpcErrorDetails, roomBytes = maxBytes): Uint8Array | undefined {
  const { retryAfterMs, messages } = details;
  if (messages !== undefined && messages.length > 0) {
    const encoded = encodeWithMessages(details, messages);
    if (encoded !== undefined && encoded.length <= Math.min(roomBytes, maxBytes)) return encoded;
  }
  if (details.notExecuted !== true) {
    return isDelay(retryAfterMs) ? encoder.encode(JSON.stringify({ retryAfterMs })) : undefined;
  }
  return isDelay(retryAfterMs) ? encoder.encode(JSON.stringify({ notExecuted: true, retryAfterMs })) : notExecuted;
}

function encodeWithMessages(details: RpcErrorDetails, messages: readonly ErrorDetail[]): Uint8Array | undefined {
  const bytes = messages.reduce((sum, { type, value }) => sum + type.length + value.length, 0);
  if (messages.length > maxMessages || bytes > maxMessageBytes) return undefined;
  return encoder.encode(
    JSON.stringify({
      ...(details.notExecuted === true ? { notExecuted: true } : {}),
      ...(isDelay(details.retryAfterMs) ? { retryAfterMs: details.retryAfterMs } : {}),
      messages: messages.map(({ type, value }) => ({ type, value: Buffer.from(value).toString("base64") })),
    }),
  );
}

/** Read the details of an answer. Only what we know is taken; anything else in there is ignored. */
export function decodeDetails(bytes: Uint8Array | undefined): RpcErrorDetails {
  if (!bytes || bytes.length > maxBytes) {
    return {};
  }
  try {
    const parsed = JSON.parse(decoder.decode(bytes)) as Record<string, unknown> | null;
    const details: RpcErrorDetails = parsed?.notExecuted === true ? { notExecuted: true } : {};
    if (isDelay(parsed?.retryAfterMs)) {
      details.retryAfterMs = parsed.retryAfterMs;
    }
    const messages = messagesFrom(parsed?.messages);
    if (messages.length > 0) details.messages = messages;
    return details;
  } catch {
    // Details of a foreign server in a form of its own: the code and message are enough.
    return {};
  }
}

function messagesFrom(given: unknown): ErrorDetail[] {
  if (!Array.isArray(given)) return [];
  return given
    .slice(0, maxMessages)
    .flatMap((each: { type?: unknown; value?: unknown } | null) =>
      typeof each?.type === "string" && typeof each.value === "string"
        ? [{ type: each.type, value: Uint8Array.from(Buffer.from(each.value, "base64")) }]
        : [],
    );
}

/** Whether it is a number of milliseconds that a peer may be asked to wait: up to an hour. */
function isDelay(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 3_600_000;
}
