/**
 * Finds a request id in what somebody pasted: 32 hex digits (trace id), 16 hex digits or up to 20 decimal digits
 * (flow_id), a `traceparent`, a UUID, or the address of a flow page; quotes and blanks around it do not matter.
 *
 * @returns the id in lower case as the server takes it, undefined when there is none
 */
export function requestIdFrom(text: string): string | undefined {
  const trimmed = text
    .trim()
    .replace(/^["'`]+|["'`,;.]+$/g, "")
    .toLowerCase();
  const fromAddress = /\/requests\/([0-9a-f-]+)/.exec(trimmed)?.[1];
  const candidate = fromAddress ?? trimmed;
  const traceparent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(candidate)?.[1];
  if (traceparent !== undefined) return traceparent;
  const uuid = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/.exec(candidate);
  if (uuid !== null) return uuid.slice(1).join("");
  const bare = candidate.replace(/^0x/, "");
  if (/^[0-9a-f]{32}$/.test(bare) || /^[0-9a-f]{16}$/.test(bare)) return bare;
  return isFlowId(candidate) ? candidate : undefined;
}

// flow_id is an unsigned number of 64 bits.
function isFlowId(text: string): boolean {
  return /^\d{1,20}$/.test(text) && BigInt(text) > 0n && BigInt(text) < 2n ** 64n;
}

/** The id for a narrow column: its first and last digits. */
export function shortRequestId(id: string): string {
  return id.length <= 16 ? id : `${id.slice(0, 8)}…${id.slice(-4)}`;
}
