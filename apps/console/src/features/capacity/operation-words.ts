import {
  type Operation,
  type OperationInstance,
  OperationKind,
  OperationReason,
  OperationState,
  OperationStep,
} from "@msec/api/console/v1/capacity_pb.js";
import type { TFunction } from "i18next";
import { formatElapsed } from "../../lib/format.ts";
import type { Language } from "../../lib/preferences.ts";
import { Mark } from "../../ui/status-mark.tsx";

/** The text key of each kind, under `operation.kind`. */
export const kindKey = {
  [OperationKind.UNSPECIFIED]: "in",
  [OperationKind.IN]: "in",
  [OperationKind.OUT]: "out",
  [OperationKind.STOP]: "stop",
  [OperationKind.START]: "start",
  [OperationKind.RESTART]: "restart",
  [OperationKind.RELOAD]: "reload",
} as const;

/** The mark and the text key of each state. */
export const operationStateView = {
  [OperationState.UNSPECIFIED]: { mark: Mark.Unknown, key: "operation.state.unknown" },
  [OperationState.RUNNING]: { mark: Mark.Progress, key: "operation.state.running" },
  [OperationState.DONE]: { mark: Mark.Ok, key: "operation.state.done" },
  [OperationState.FAILED]: { mark: Mark.Fail, key: "operation.state.failed" },
  [OperationState.TIMED_OUT]: { mark: Mark.Warn, key: "operation.state.timedOut" },
  [OperationState.CANCELLED]: { mark: Mark.Off, key: "operation.state.cancelled" },
} as const;

/** A step on the way of an instance through an operation; each has its text under `operation.walk`. */
export type WalkName = "callers" | "joining" | "draining" | "stopping" | "starting" | "returning" | "reloading";

const walks: Readonly<Record<OperationKind, readonly (readonly [OperationStep, WalkName])[]>> = {
  [OperationKind.UNSPECIFIED]: [],
  [OperationKind.IN]: [[OperationStep.CALLERS, "joining"]],
  [OperationKind.OUT]: [
    [OperationStep.CALLERS, "callers"],
    [OperationStep.DRAINING, "draining"],
  ],
  [OperationKind.STOP]: [
    [OperationStep.CALLERS, "callers"],
    [OperationStep.DRAINING, "draining"],
    [OperationStep.STOPPING, "stopping"],
  ],
  [OperationKind.START]: [[OperationStep.STARTING, "starting"]],
  [OperationKind.RESTART]: [
    [OperationStep.CALLERS, "callers"],
    [OperationStep.DRAINING, "draining"],
    [OperationStep.STARTING, "starting"],
    [OperationStep.RETURNING, "returning"],
  ],
  [OperationKind.RELOAD]: [[OperationStep.RELOADING, "reloading"]],
};
const ofRouting: readonly OperationStep[] = [OperationStep.CALLERS, OperationStep.DRAINING, OperationStep.RETURNING];

/** One step of the way, and whether it is behind, now, or ahead; `stopped`: it ended there without success. */
export interface WalkStep {
  readonly name: WalkName;
  readonly place: "past" | "now" | "ahead" | "stopped";
}

/**
 * The way of one instance through its operation, as 0006 draws it. One that was not in routing has no steps of routing where the kind is to stop or
 * restart it.
 */
export function walkOf(operation: Pick<Operation, "kind" | "state">, instance: OperationInstance): readonly WalkStep[] {
  const { kind, state } = operation;
  const skipsRouting = (kind === OperationKind.STOP || kind === OperationKind.RESTART) && !instance.wasInRouting;
  const steps = walks[kind].filter(([step]) => !skipsRouting || !ofRouting.includes(step));
  const at = steps.findIndex(([step]) => step === instance.step);
  return steps.map(([, name], index) => {
    if (instance.step === OperationStep.DONE) return { name, place: "past" };
    if (at === -1 || index > at) return { name, place: "ahead" };
    if (index < at) return { name, place: "past" };
    return { name, place: state === OperationState.RUNNING ? "now" : "stopped" };
  });
}

/** What an instance of an operation is at, one line for each thing to say. @param nowMs the server's clock */
export function stepLines(
  t: TFunction,
  language: Language,
  operation: Pick<Operation, "state" | "stepTimeoutMs">,
  instance: OperationInstance,
  nowMs: number,
): readonly string[] {
  const running = operation.state === OperationState.RUNNING;
  const reason = instance.reason === "" ? [] : [reasonText(t, operation, instance)];
  switch (instance.step) {
    case OperationStep.CALLERS:
    case OperationStep.RETURNING:
      return [...callerLines(t, language, instance, nowMs, running), ...reason];
    case OperationStep.DRAINING:
      return [
        instance.inFlight === undefined
          ? t("operation.step.drainingUnknown")
          : t("operation.step.draining", { count: instance.inFlight }),
        ...reason,
      ];
    case OperationStep.STOPPING:
      return [t("operation.step.stopping"), ...reason];
    case OperationStep.STARTING:
      return [t("operation.step.starting"), ...reason];
    case OperationStep.RELOADING:
      return [reloadingText(t, instance), ...reason];
    case OperationStep.DONE:
      return [t("operation.step.done"), ...reason];
    case OperationStep.FAILED:
      return [t("operation.step.failed"), ...reason];
    default:
      return [t("operation.step.pending"), ...reason];
  }
}

const reasonKey = {
  [OperationReason.UNSPECIFIED]: undefined,
  [OperationReason.REMOVED]: "removed",
  [OperationReason.EXTERNAL]: "external",
  [OperationReason.UNCOUNTED]: "uncounted",
  [OperationReason.ENDED]: undefined,
  [OperationReason.GAVE_UP]: "gaveUp",
  [OperationReason.GAVE_UP_OUT]: "gaveUpOut",
  [OperationReason.GAVE_UP_IN]: "gaveUpIn",
  [OperationReason.ONE_PROCESS]: "oneProcess",
  [OperationReason.NOT_RELOADED]: undefined,
} as const;

/** Why an instance did not come to its end, or what was not waited for, in the reader's language; what its program wrote as it stands. */
function reasonText(
  t: TFunction,
  { stepTimeoutMs }: Pick<Operation, "stepTimeoutMs">,
  { reason, reasonCode }: Pick<OperationInstance, "reason" | "reasonCode">,
): string {
  const key = reasonKey[reasonCode];
  // A server of another version may have reasons that this page does not know.
  if (key !== undefined) return t(`operation.reason.${key}`, { seconds: Math.round(stepTimeoutMs / 1000) });
  return reasonCode === OperationReason.ENDED && reason === "it ended" ? t("operation.reason.ended") : reason;
}

function reloadingText(t: TFunction, { workers, workersReady }: OperationInstance): string {
  return workers === 0
    ? t("operation.step.reloading")
    : t("operation.step.reloadingWorkers", { done: workersReady, total: workers });
}

// In its first second nobody is late.
const LATE_MS = 1000;

function callerLines(
  t: TFunction,
  language: Language,
  instance: OperationInstance,
  nowMs: number,
  running: boolean,
): string[] {
  const { hosts, hostsAcknowledged, routeVersion, waiting, skipped } = instance;
  const lines: string[] = [
    t("operation.step.callers", { done: hostsAcknowledged, total: hosts, version: String(routeVersion) }),
  ];
  const [first] = waiting;
  if (running && first !== undefined && nowMs - first.sinceMs >= LATE_MS) {
    const rest = hosts - hostsAcknowledged - 1;
    const age = formatElapsed(nowMs - first.sinceMs, language);
    const waited = t("operation.step.waiting", { host: first.name || first.address, age });
    lines.push(rest > 0 ? `${waited} ${t("operation.step.waitingMore", { count: rest })}` : waited);
  }
  if (skipped.length > 0) {
    lines.push(t("operation.step.skipped", { hosts: skipped.map(({ name, address }) => name || address).join(", ") }));
  }
  return lines;
}

/** Milliseconds until an instance's step gives up; `undefined` where it does not wait for anything. */
export function stepLeftMs(
  operation: Pick<Operation, "state" | "stepTimeoutMs">,
  instance: Pick<OperationInstance, "step" | "stepSinceMs">,
  nowMs: number,
): number | undefined {
  const ended =
    operation.state !== OperationState.RUNNING ||
    instance.step === OperationStep.DONE ||
    instance.step === OperationStep.FAILED ||
    instance.step === OperationStep.PENDING;
  return ended ? undefined : Math.max(0, instance.stepSinceMs + operation.stepTimeoutMs - nowMs);
}

/** `10.0.0.7:7963`; the host where the program listens on nothing. */
export function placeOf(instance: {
  readonly address: string;
  readonly port: number;
  readonly hostName: string;
}): string {
  if (instance.port === 0) return instance.hostName || instance.address;
  return instance.address.includes(":")
    ? `[${instance.address}]:${instance.port}`
    : `${instance.address}:${instance.port}`;
}

/** How far an operation came, and what stands in its way: `1 of 2 done; 10.0.0.7:7963: it ended`. */
export function outcomeText(t: TFunction, operation: Pick<Operation, "instances" | "stepTimeoutMs">): string {
  const { instances } = operation;
  const done = instances.filter(({ step }) => step === OperationStep.DONE).length;
  const head = t("operation.progress", { done, total: instances.length });
  const stuck = instances.find(({ step, reason }) => step !== OperationStep.DONE && reason !== "");
  return stuck === undefined ? head : `${head}; ${placeOf(stuck)}: ${reasonText(t, operation, stuck).split("\n")[0]}`;
}
