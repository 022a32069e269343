import { traceIdFromFlowId } from "@msec/rpc";

/**
 * The trace that a request id names: 32 hex digits, or a bare `flow_id` as 16 hex digits or in decimal, as the original's programs have it.
 *
 * @returns 16 bytes; `undefined` for what is none
 */
export function traceIdOf(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{32}$/i.test(text)) return Buffer.from(text, "hex");
  if (/^[0-9a-f]{16}$/i.test(text) && !/^\d{16}$/.test(text)) return traceIdFromFlowId(BigInt(`0x${text}`));
  if (!/^\d{1,20}$/.test(text)) return undefined;
  const flowId = BigInt(text);
  return flowId < 2n ** 64n ? traceIdFromFlowId(flowId) : undefined;
}
