import {
  OperationKind,
  type OperationReason,
  OperationState,
  OperationStep,
} from "@msec/api/console/v1/capacity_pb.js";

/** A host that has not taken over a route version. */
export interface WaitingHost {
  readonly hostId: string;
  readonly name: string;
  readonly address: string;
  readonly connected: boolean;
  readonly appliedRouteVersion: number;
  readonly usedRouteVersion: number;
  /** Since when it lacks the version, milliseconds since 1970 UTC. */
  readonly sinceMs: number;
}

/** One instance of an operation, as it is kept and shown. Times are milliseconds since 1970 UTC. */
export interface OperationInstance {
  readonly instanceId: string;
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly hostId: string;
  readonly hostName: string;
  readonly wasInRouting: boolean;
  readonly step: OperationStep;
  readonly stepSinceMs: number;
  /** Why it failed, or what was not waited for; empty where there is nothing to say. */
  readonly reason: string;
  /** The same for programs. */
  readonly reasonCode: OperationReason;
  /** Whether its step took longer than it may. */
  readonly timedOut: boolean;
  /** The route version that callers have to use; 0 before the switch. */
  readonly routeVersion: number;
  /** The generation that its process has to be of; 0 before the order. */
  readonly generation: number;
  readonly hosts: number;
  readonly hostsAcknowledged: number;
  readonly waiting: readonly WaitingHost[];
  readonly skipped: readonly WaitingHost[];
  /** `null`: it does not say. */
  readonly inFlight: number | null;
  /** Of a reload: how many workers are replaced, and how many of the new ones serve; absent in operations of earlier versions. */
  readonly workers?: number;
  readonly workersReady?: number;
  /** The first report of several in which it served nothing. */
  readonly idle: { readonly reportedMs: number; readonly callsBegun: number } | null;
}

/** An operation, as it is kept. */
export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly state: OperationState;
  readonly revision: number;
  readonly startedBy: string;
  readonly startedMs: number;
  /** 0 while it runs. */
  readonly endedMs: number;
  readonly stepTimeoutMs: number;
  /** Of a restart: so many of a service at a time. */
  readonly batch: number;
  readonly instances: readonly OperationInstance[];
}

/** Whether something goes on at this step. */
export function isActive(step: OperationStep): boolean {
  return step !== OperationStep.PENDING && step !== OperationStep.DONE && step !== OperationStep.FAILED;
}

const kindWords: Readonly<Record<OperationKind, string>> = {
  [OperationKind.UNSPECIFIED]: "",
  [OperationKind.IN]: "into routing",
  [OperationKind.OUT]: "out of routing",
  [OperationKind.STOP]: "stop",
  [OperationKind.START]: "start",
  [OperationKind.RESTART]: "restart",
  [OperationKind.RELOAD]: "reload",
};

/** Where an operation stands or how it ended, one sentence. */
export function summaryOf(operation: Operation, nowMs: number): string {
  const { instances, kind, state } = operation;
  const done = instances.filter(({ step }) => step === OperationStep.DONE).length;
  const head = `${kindWords[kind]}: ${done} of ${instances.length} done`;
  const stuck = instances.find(({ step, timedOut }) => step === OperationStep.FAILED || timedOut);
  if (stuck !== undefined) return `${head}; ${endpointOf(stuck)}: ${stuck.reason}`;
  if (state === OperationState.CANCELLED) return `${head}; given up`;
  const busy = instances.find(({ step }) => isActive(step));
  return busy === undefined ? head : `${head}; ${endpointOf(busy)}: ${stepText(busy, nowMs)}`;
}

/** Under what an agent is told to reload an instance: the same for as long as the operation lasts. */
export function reloadOrderId(operation: Pick<Operation, "id">, instanceId: string): string {
  return `${operation.id}/${instanceId}`;
}

/** What an instance waits for, for people. */
export function stepText(instance: OperationInstance, nowMs: number): string {
  const { hosts, hostsAcknowledged, waiting, routeVersion, inFlight } = instance;
  switch (instance.step) {
    case OperationStep.CALLERS:
    case OperationStep.RETURNING: {
      const head = `${hostsAcknowledged} of ${hosts} hosts use version ${routeVersion}`;
      const first = waiting[0];
      if (first === undefined) return head;
      const others = hosts - hostsAcknowledged - 1;
      const more = others > 0 ? ` and ${others} more` : "";
      const since = Math.max(0, Math.round((nowMs - first.sinceMs) / 1000));
      return `${head}; ${first.name} (${first.address}) has not for ${since} s${first.connected ? "" : ", it is not connected"}${more}`;
    }
    case OperationStep.DRAINING:
      return inFlight === null ? "waiting for its agent's report" : `${inFlight} calls in flight`;
    case OperationStep.STOPPING:
      return "stopping";
    case OperationStep.STARTING:
      return "starting";
    case OperationStep.RELOADING:
      return instance.workers
        ? `${instance.workersReady} of ${instance.workers} new workers serve`
        : "waiting for its agent, which starts new workers";
    default:
      return "";
  }
}

/** `127.0.0.1:7963`. */
export function endpointOf({ address, port }: Pick<OperationInstance, "address" | "port">): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
