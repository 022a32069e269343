import type { MessageInitShape } from "@bufbuild/protobuf";
import type { OperationSchema } from "@msec/api/console/v1/capacity_pb.js";
import { type Operation, summaryOf, type WaitingHost } from "./operation.ts";

const hostsShown = 100;

/** An operation as the API gives it. */
export function operationView(operation: Operation, nowMs: number): MessageInitShape<typeof OperationSchema> {
  const { id, kind, state, revision, startedBy, startedMs, endedMs, stepTimeoutMs, instances } = operation;
  return {
    id,
    kind,
    state,
    revision: BigInt(revision),
    startedBy,
    startedMs,
    endedMs,
    stepTimeoutMs,
    summary: summaryOf(operation, endedMs === 0 ? nowMs : endedMs),
    instances: instances.map(
      ({ inFlight, routeVersion, waiting, skipped, workers = 0, workersReady = 0, ...instance }) => ({
        instanceId: instance.instanceId,
        service: instance.service,
        address: instance.address,
        port: instance.port,
        hostName: instance.hostName,
        step: instance.step,
        stepSinceMs: instance.stepSinceMs,
        reason: instance.reason,
        reasonCode: instance.reasonCode,
        wasInRouting: instance.wasInRouting,
        routeVersion: BigInt(routeVersion),
        workers,
        workersReady,
        hosts: instance.hosts,
        hostsAcknowledged: instance.hostsAcknowledged,
        waiting: waiting.slice(0, hostsShown).map(hostView),
        skipped: skipped.slice(0, hostsShown).map(hostView),
        ...(inFlight === null ? {} : { inFlight }),
      }),
    ),
  };
}

function hostView({ appliedRouteVersion, usedRouteVersion, ...host }: WaitingHost) {
  return {
    ...host,
    appliedRouteVersion: BigInt(appliedRouteVersion),
    usedRouteVersion: BigInt(usedRouteVersion),
  };
}
