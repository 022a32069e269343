import type { KindRetention as KindRetentionMessage } from "@msec/api/console/v1/metrics_pb.js";
import { Code, RpcError } from "@msec/rpc";
import { type KindRetention, type Retention, type TelemetryKind, telemetryKinds } from "@msec/telemetry-store";
import { isTelemetryKind } from "./retention-keeper.ts";

/** Less would be dropped while it is being looked at. */
const leastBytes = 100e6;
const mostBytes = 1e15;

/**
 * What a request wants to be kept.
 *
 * @throws RpcError InvalidArgument naming the field
 */
export function retentionChanges(messages: readonly KindRetentionMessage[]): Map<TelemetryKind, KindRetention> {
  const changes = new Map<TelemetryKind, KindRetention>();
  for (const { kind, days, maxBytes } of messages) {
    const refuse = (why: string) =>
      new RpcError(Code.InvalidArgument, `retention of ${JSON.stringify(kind.slice(0, 40))}: ${why}`);
    if (!isTelemetryKind(kind)) throw refuse(`expected one of ${telemetryKinds.join(", ")}`);
    if (changes.has(kind)) throw refuse("named twice");
    if (days < 1 || days > 730) throw refuse(`days ${days} must be 1…730`);
    if (!Number.isInteger(maxBytes) || (maxBytes !== 0 && (maxBytes < leastBytes || maxBytes > mostBytes))) {
      throw refuse(`max_bytes ${maxBytes} must be 0 (no limit) or ${leastBytes}…${mostBytes}`);
    }
    changes.set(kind, { days, maxBytes });
  }
  if (changes.size === 0) throw new RpcError(Code.InvalidArgument, "retention is empty: name at least one kind");
  return changes;
}

/** The message for what is kept. */
export function retentionMessages(retention: Retention): { kind: string; days: number; maxBytes: number }[] {
  return telemetryKinds.map((kind) => ({ kind, ...retention[kind] }));
}
