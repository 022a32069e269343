import { InvalidQuery } from "../store-error.ts";

/** What a request id in any of its forms looks for; both parts in decimal, as ClickHouse takes a UInt64. */
export interface RequestKey {
  /** High half of the trace id where the id has one. */
  traceHigh: string | undefined;
  /** Low half of the trace id, the flow id. Two where the digits can be read both ways. */
  flowIds: string[];
}

const flowIdMax = 2n ** 64n - 1n;

/**
 * Read a request id: 32 hex digits (trace id), 16 hex digits or up to 20 decimal digits (flow id).
 *
 * Sixteen digits without a letter can be either, so both are looked for.
 *
 * @throws InvalidQuery for anything else, and for the id 0, which means "no request"
 */
export function parseRequestId(id: string): RequestKey {
  const text = id.trim().toLowerCase();
  const key: RequestKey = { traceHigh: undefined, flowIds: [] };
  if (/^[0-9a-f]{32}$/.test(text)) {
    key.traceHigh = BigInt(`0x${text.slice(0, 16)}`).toString();
    key.flowIds.push(BigInt(`0x${text.slice(16)}`).toString());
  } else {
    if (/^[0-9a-f]{16}$/.test(text)) key.flowIds.push(BigInt(`0x${text}`).toString());
    if (/^\d{1,20}$/.test(text) && BigInt(text) <= flowIdMax) key.flowIds.push(BigInt(text).toString());
  }
  if (key.flowIds.length === 0 || key.flowIds.every((flowId) => flowId === "0")) {
    throw new InvalidQuery(
      `request id ${JSON.stringify(id.slice(0, 64))}: expected 32 hex digits, 16 hex digits or up to 20 decimal digits`,
    );
  }
  return key;
}
