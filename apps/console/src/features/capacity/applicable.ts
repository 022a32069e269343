import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { OperationKind } from "@msec/api/console/v1/capacity_pb.js";
import type { Instance } from "@msec/api/console/v1/registry_pb.js";

// As the server: a report older than this says nothing (apps/server/src/capacity/operations.ts).
const REPORT_FRESH_MS = 15_000;

/** The kinds of operations in the order of their buttons. */
export const operationKinds = [
  OperationKind.IN,
  OperationKind.OUT,
  OperationKind.START,
  OperationKind.STOP,
  OperationKind.RESTART,
  OperationKind.RELOAD,
] as const;

/**
 * Whether an operation of this kind would do something with an instance: what is in routing is not taken in, what listens on nothing is in nobody's
 * routes, external ones are not ours to start, and one process without workers has nothing to reload.
 */
export function appliesTo(kind: OperationKind, instance: Instance): boolean {
  switch (kind) {
    case OperationKind.IN:
      return instance.port !== 0 && !instance.inRouting;
    case OperationKind.OUT:
      return instance.port !== 0 && instance.inRouting;
    case OperationKind.START:
      return instance.hostId !== "" && (!instance.run || instance.process?.state === ProcessState.STOPPED);
    case OperationKind.STOP:
      return instance.hostId !== "" && instance.run;
    case OperationKind.RESTART:
      return instance.hostId !== "";
    case OperationKind.RELOAD:
      return instance.hostId !== "" && instance.run && (instance.process?.workers.length ?? 0) > 0;
    default:
      return false;
  }
}

/** Why the server would refuse an operation without force. */
export type ForceNeed =
  | { readonly kind: "last"; readonly service: string }
  | { readonly kind: "notRunning"; readonly address: string };

/**
 * Why an operation needs force; `undefined` where it does not.
 *
 * @param chosen  instances that it applies to
 * @param all     every instance of their services
 * @param batch   of a restart: how many of a service at a time
 * @param nowMs   the server's clock
 */
export function forceNeed(
  kind: OperationKind,
  chosen: readonly Instance[],
  all: readonly Instance[],
  batch: number,
  nowMs: number,
): ForceNeed | undefined {
  if (kind === OperationKind.IN) {
    const idle = chosen.find(({ hostId, process, reportedMs }) => {
      const runs = process?.state === ProcessState.RUNNING && nowMs - reportedMs < REPORT_FRESH_MS;
      return hostId !== "" && !runs;
    });
    return idle && { kind: "notRunning", address: `${idle.address}:${idle.port}` };
  }
  // Neither takes anything out of routing.
  if (kind === OperationKind.START || kind === OperationKind.RELOAD) return undefined;
  for (const [service, members] of Map.groupBy(chosen, (one) => one.service)) {
    const leaving = members.filter((one) => one.inRouting).length;
    if (leaving === 0) continue;
    const routed = all.filter((one) => one.service === service && one.inRouting).length;
    if (routed <= (kind === OperationKind.RESTART ? Math.min(batch, leaving) : leaving))
      return { kind: "last", service };
  }
  return undefined;
}
