import { type Process, ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { type ReloadProgress, ReloadState } from "@msec/api/agent/v1/reload_pb.js";
import { OperationKind, OperationReason, OperationState, OperationStep } from "@msec/api/console/v1/capacity_pb.js";
import { isActive, type Operation, type OperationInstance, stepText, type WaitingHost } from "./operation.ts";

/** What is known of an instance now. */
export interface InstanceFact {
  readonly inRouting: boolean;
  /** Whether it runs on a host of ours, whose agent can say something of it. */
  readonly isExternal: boolean;
  /** What its agent last said; `undefined` where it said nothing of it. */
  readonly process: Process | undefined;
  /** When it said so, milliseconds since 1970 UTC; 0 where it has not since this server started. */
  readonly reportedMs: number;
}

/** How far the hosts are with a route version. */
export interface CallersFact {
  readonly hosts: number;
  readonly acknowledged: number;
  /** Longest first. */
  readonly waiting: readonly WaitingHost[];
  /** Not waited for. */
  readonly skipped: readonly WaitingHost[];
}

/** What an operation decides by. */
export interface Facts {
  readonly nowMs: number;
  /** `undefined` where there is no such instance any more. */
  instance(id: string): InstanceFact | undefined;
  callers(routeVersion: number): CallersFact;
  /** What its agent says of the reload that this operation has ordered; `undefined`: nothing yet. */
  reload(instanceId: string): ReloadProgress | undefined;
}

/** Something to be done for instances, after which they are at step `next`. */
export type Command =
  | { readonly type: "route"; readonly inRouting: boolean; readonly next: OperationStep }
  | { readonly type: "run"; readonly run: boolean; readonly again: boolean; readonly next: OperationStep }
  | { readonly type: "reload"; readonly next: OperationStep };

/** What an operation comes to, and what is to be done before its instances can go on. */
export interface Advance {
  readonly operation: Operation;
  readonly commands: readonly { readonly command: Command; readonly ids: readonly string[] }[];
}

const out: Command = { type: "route", inRouting: false, next: OperationStep.CALLERS };
const into: Command = { type: "route", inRouting: true, next: OperationStep.CALLERS };
const back: Command = { type: "route", inRouting: true, next: OperationStep.RETURNING };
const stop: Command = { type: "run", run: false, again: false, next: OperationStep.STOPPING };
const start: Command = { type: "run", run: true, again: false, next: OperationStep.STARTING };
const reload: Command = { type: "reload", next: OperationStep.RELOADING };
const restart: Command = { type: "run", run: true, again: true, next: OperationStep.STARTING };

/**
 * Where an operation stands by what is known now. Pure: the same facts, the same answer.
 *
 * The steps and what ends them: docs/decisions/0006-distribution-and-capacity.md
 */
export function advance(operation: Operation, facts: Facts): Advance {
  const moved = operation.instances.map((instance) => advanceInstance(operation, instance, facts));
  const begun = new Map<string, number>();
  for (const { instance } of moved) {
    if (isActive(instance.step)) begun.set(instance.service, (begun.get(instance.service) ?? 0) + 1);
  }
  const isBroken = moved.some(({ instance }) => instance.step === OperationStep.FAILED || instance.timedOut);
  const results = moved.map((result) => {
    const { instance } = result;
    if (instance.step !== OperationStep.PENDING) return result;
    const running = begun.get(instance.service) ?? 0;
    // Of a restart or reload one that fails is enough: the next one would fail too.
    const mayBegin = !isOneByOne(operation.kind) || (!isBroken && running < operation.batch);
    if (!mayBegin) return result;
    begun.set(instance.service, running + 1);
    return begin(operation.kind, instance, facts);
  });
  const instances = results.map(({ instance }) => instance);
  const commands = Map.groupBy(
    results.filter((result) => result.command !== undefined),
    ({ command }) => command as Command,
  );
  return {
    operation: withEnd({ ...operation, instances }, commands.size > 0, isBroken, facts.nowMs),
    commands: [...commands].map(([command, members]) => ({
      command,
      ids: members.map(({ instance }) => instance.instanceId),
    })),
  };
}

function isOneByOne(kind: OperationKind): boolean {
  return kind === OperationKind.RESTART || kind === OperationKind.RELOAD;
}

interface Result {
  readonly instance: OperationInstance;
  readonly command?: Command;
}

function begin(kind: OperationKind, instance: OperationInstance, facts: Facts): Result {
  const fact = facts.instance(instance.instanceId);
  if (fact === undefined) return failed(instance, OperationReason.REMOVED, "it was removed meanwhile");
  switch (kind) {
    case OperationKind.IN:
      return { instance, command: into };
    case OperationKind.OUT:
      return { instance, command: out };
    case OperationKind.STOP:
      return { instance, command: fact.inRouting ? out : stop };
    case OperationKind.START:
      // One that backs off is tried at once, and by a process of its own that tells why.
      return { instance, command: fact.process?.state === ProcessState.RUNNING ? start : restart };
    case OperationKind.RELOAD:
      return { instance, command: reload };
    default:
      return { instance, command: fact.inRouting ? out : restart };
  }
}

function advanceInstance(operation: Operation, before: OperationInstance, facts: Facts): Result {
  if (!isActive(before.step) || before.timedOut) return { instance: before };
  const fact = facts.instance(before.instanceId);
  if (fact === undefined) return failed(before, OperationReason.REMOVED, "it was removed meanwhile");
  const result = advanceStep(operation, before, fact, facts);
  const { instance } = result;
  const isOverdue = facts.nowMs - instance.stepSinceMs > operation.stepTimeoutMs;
  if (result.command !== undefined || !isActive(instance.step) || !isOverdue) return result;
  const reason = `gave up after ${Math.round(operation.stepTimeoutMs / 1000)} s: ${stepText(instance, facts.nowMs)}`;
  return { instance: { ...instance, timedOut: true, ...whereItIs(instance, fact, reason) } };
}

function advanceStep(operation: Operation, instance: OperationInstance, fact: InstanceFact, facts: Facts): Result {
  switch (instance.step) {
    case OperationStep.CALLERS:
    case OperationStep.RETURNING:
      return callers(operation, instance, facts);
    case OperationStep.DRAINING:
      return draining(operation, instance, fact, facts);
    case OperationStep.STOPPING:
      return stopping(instance, fact, facts);
    case OperationStep.RELOADING:
      return reloading(instance, facts);
    default:
      return starting(operation, instance, fact, facts);
  }
}

function callers(operation: Operation, before: OperationInstance, facts: Facts): Result {
  const { hosts, acknowledged, waiting, skipped } = facts.callers(before.routeVersion);
  const instance = { ...before, hosts, hostsAcknowledged: acknowledged, waiting, skipped };
  if (acknowledged < hosts) return { instance };
  if (instance.step === OperationStep.RETURNING || operation.kind === OperationKind.IN) return done(instance, facts);
  return { instance: at(instance, OperationStep.DRAINING, facts.nowMs) };
}

function draining(operation: Operation, instance: OperationInstance, fact: InstanceFact, facts: Facts): Result {
  if (fact.isExternal) return drained(operation, { ...instance, ...notWaitedFor.external }, facts);
  const { process, reportedMs } = fact;
  // A report from before this step says nothing of it.
  if (reportedMs <= instance.stepSinceMs) return { instance };
  if (process === undefined || process.pid === 0) return drained(operation, { ...instance, inFlight: 0 }, facts);
  if (process.inFlight === undefined) {
    return drained(operation, { ...instance, ...notWaitedFor.uncounted }, facts);
  }
  const { inFlight } = process;
  const callsBegun = Number(process.callsBegun);
  if (inFlight > 0) return { instance: { ...instance, inFlight, idle: null } };
  const { idle } = instance;
  if (idle === null || idle.callsBegun !== callsBegun) {
    return { instance: { ...instance, inFlight, idle: { reportedMs, callsBegun } } };
  }
  if (reportedMs <= idle.reportedMs) return { instance };
  return drained(operation, { ...instance, inFlight }, facts);
}

function drained({ kind }: Operation, instance: OperationInstance, facts: Facts): Result {
  if (kind === OperationKind.STOP) return { instance, command: stop };
  return kind === OperationKind.RESTART ? { instance, command: restart } : done(instance, facts);
}

function stopping(instance: OperationInstance, fact: InstanceFact, facts: Facts): Result {
  const { process } = fact;
  if (fact.reportedMs <= instance.stepSinceMs) return { instance };
  const isStopped =
    process === undefined ||
    (Number(process.generation) >= instance.generation && process.state === ProcessState.STOPPED);
  return isStopped ? done(instance, facts) : { instance };
}

function starting(operation: Operation, instance: OperationInstance, fact: InstanceFact, facts: Facts): Result {
  const { process } = fact;
  if (process === undefined || Number(process.generation) < instance.generation) return { instance };
  if (process.state === ProcessState.BACKING_OFF && fact.reportedMs > 0) {
    return failed(instance, OperationReason.ENDED, process.reason === "" ? "it ended" : process.reason);
  }
  const serves = process.state === ProcessState.RUNNING && (instance.port === 0 || process.answers);
  if (!serves) return { instance };
  return operation.kind === OperationKind.RESTART && instance.wasInRouting
    ? { instance, command: back }
    : done(instance, facts);
}

function reloading(before: OperationInstance, facts: Facts): Result {
  const progress = facts.reload(before.instanceId);
  if (progress === undefined) return { instance: before };
  const { workers, workersReady, state, reason } = progress;
  const instance = { ...before, workers, workersReady };
  switch (state) {
    case ReloadState.DONE:
      return done(instance, facts);
    case ReloadState.FAILED:
      return failed(instance, OperationReason.NOT_RELOADED, reason);
    case ReloadState.ONE_PROCESS:
      return failed(
        instance,
        OperationReason.ONE_PROCESS,
        "it is one process, without workers to replace; restart it, or set [SRPC] procnum to 2 or more first",
      );
    default:
      return { instance };
  }
}

function withEnd(operation: Operation, hasCommands: boolean, isBroken: boolean, nowMs: number): Operation {
  const { instances } = operation;
  const goesOn =
    hasCommands ||
    instances.some(({ step, timedOut }) => isActive(step) && !timedOut) ||
    (!isBroken && instances.some(({ step }) => step === OperationStep.PENDING));
  if (goesOn) return operation;
  const hasFailed = instances.some(({ step }) => step === OperationStep.FAILED);
  const isLate = instances.some(({ timedOut }) => timedOut);
  const state = hasFailed ? OperationState.FAILED : isLate ? OperationState.TIMED_OUT : OperationState.DONE;
  return { ...operation, state, endedMs: nowMs };
}

function at(instance: OperationInstance, step: OperationStep, nowMs: number): OperationInstance {
  return { ...instance, step, stepSinceMs: nowMs, idle: null };
}

function done(instance: OperationInstance, { nowMs }: Facts): Result {
  return { instance: at(instance, OperationStep.DONE, nowMs) };
}

function failed(instance: OperationInstance, reasonCode: OperationReason, reason: string): Result {
  return { instance: { ...instance, step: OperationStep.FAILED, reasonCode, reason } };
}

const notWaitedFor = {
  external: { reasonCode: OperationReason.EXTERNAL, reason: "external: its calls in flight are not known" },
  uncounted: {
    reasonCode: OperationReason.UNCOUNTED,
    reason: "it does not say how many calls it serves: not waited for",
  },
} as const;

// After a time-out people have to know what holds now.
function whereItIs(instance: OperationInstance, { inRouting }: InstanceFact, reason: string) {
  if (instance.wasInRouting === inRouting) return { reasonCode: OperationReason.GAVE_UP, reason };
  return inRouting
    ? { reasonCode: OperationReason.GAVE_UP_IN, reason: `${reason}; it is in routing now` }
    : { reasonCode: OperationReason.GAVE_UP_OUT, reason: `${reason}; it is out of routing now` };
}
