import type { RpcErrorDetails } from "@msec/rpc";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const notExecuted = encoder.encode('{"notExecuted":true}');
const maxBytes = 4096;

/** The part of an error's details that crosses the wire, as JSON; `undefined` for none. */
export function encodeDetails(details: RpcErrorDetails): Uint8Array | undefined {
  return details.notExecuted === true ? notExecuted : undefined;
}

/** Read the details of an answer. Only what we know is taken; anything else in there is ignored. */
export function decodeDetails(bytes: Uint8Array | undefined): RpcErrorDetails {
  if (!bytes || bytes.length > maxBytes) {
    return {};
  }
  try {
    const parsed: unknown = JSON.parse(decoder.decode(bytes));
    return (parsed as { notExecuted?: unknown } | null)?.notExecuted === true ? { notExecuted: true } : {};
  } catch {
    // Details of a foreign server in a form of its own: the code and message are enough.
    return {};
  }
}
