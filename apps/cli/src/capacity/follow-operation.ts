import { create } from "@bufbuild/protobuf";
import {
  CapacityService,
  type Operation,
  type OperationInstance,
  OperationReason,
  OperationSchema,
  OperationState,
  OperationStep,
} from "@msec/api/console/v1/capacity_pb.js";
import { UserError } from "@msec/process";
import type { OperatorApi } from "../api/operator-client.ts";
import type { CommandContext } from "../context.ts";
import type { Messages } from "../messages/messages.ts";
import { instanceAddress } from "../output/instance-address.ts";
import { messageJson } from "../output/message-json.ts";

const waitMs = 10_000;
/** Exit statuses beside 0 (done), 1 (failed) and 2 (the command line makes no sense). */
const timedOut = 3;
const cancelled = 4;

/**
 * Show an operation until it ends: a line for each instance whenever something about it changes.
 *
 * @throws UserError where it did not end well; exit status 1 failed, 3 timed out, 4 cancelled
 */
export async function followOperation(
  api: OperatorApi,
  id: string,
  { messages, terminal }: Pick<CommandContext, "messages" | "terminal">,
  json: boolean,
): Promise<void> {
  const client = api.client(CapacityService);
  const shown = new Map<string, string>();
  let operation: Operation = create(OperationSchema, { id });
  do {
    const answer = await client.watchOperation({ id, revision: operation.revision, waitMs });
    operation = answer.operation ?? operation;
    for (const instance of json ? [] : operation.instances) {
      const text = stepText(instance, messages);
      if (shown.get(instance.instanceId) === text) continue;
      shown.set(instance.instanceId, text);
      terminal.out(`${instanceAddress(instance)}  ${instance.service}  ${text}`);
    }
  } while (operation.state === OperationState.RUNNING);
  if (json) terminal.out(JSON.stringify(operationJson(operation), null, 2));
  const { instances, state } = operation;
  const done = instances.filter(({ step }) => step === OperationStep.DONE).length;
  const word = stateWord(state, messages);
  if (state === OperationState.DONE) {
    if (!json) terminal.out(messages.operationEnded(word, done, instances.length));
    return;
  }
  const reasons = instances.filter(({ step, reason }) => step !== OperationStep.DONE && reason !== "");
  const texts = reasons.map((instance) => `${instanceAddress(instance)} ${reasonText(instance, messages)}`);
  const text =
    texts.length === 0
      ? messages.operationEnded(word, done, instances.length)
      : messages.operationFailed(word, texts.join("; "));
  const exitStatus = state === OperationState.TIMED_OUT ? timedOut : state === OperationState.CANCELLED ? cancelled : 1;
  throw new UserError(text, { hint: messages.operationFailedHint, exitStatus });
}

/** An operation as scripts get it. */
export function operationJson(operation: Operation): unknown {
  return messageJson(OperationSchema, operation);
}

/** What an instance of an operation is at, for people. */
export function stepText(instance: OperationInstance, messages: Messages): string {
  switch (instance.step) {
    case OperationStep.CALLERS:
      return callersText(instance, messages);
    case OperationStep.RETURNING:
      return `${messages.stepReturning}: ${callersText(instance, messages)}`;
    case OperationStep.DRAINING:
      return instance.inFlight === undefined ? messages.stepDrainingUnknown : messages.stepDraining(instance.inFlight);
    case OperationStep.STOPPING:
      return messages.stepStopping;
    case OperationStep.STARTING:
      return messages.stepStarting;
    case OperationStep.RELOADING:
      return instance.workers === 0
        ? messages.stepReloading
        : messages.stepReloadingWorkers(instance.workersReady, instance.workers);
    case OperationStep.DONE:
      return instance.reason === "" ? messages.stepDone : `${messages.stepDone} (${reasonText(instance, messages)})`;
    case OperationStep.FAILED:
      return messages.stepFailed(reasonText(instance, messages));
    default:
      return messages.stepPending;
  }
}

// In the reader's language where it is not the program's own output.
function reasonText(instance: OperationInstance, messages: Messages): string {
  switch (instance.reasonCode) {
    case OperationReason.REMOVED:
      return messages.reasonRemoved;
    case OperationReason.EXTERNAL:
      return messages.reasonExternal;
    case OperationReason.UNCOUNTED:
      return messages.reasonUncounted;
    case OperationReason.ENDED:
      return instance.reason === "it ended" ? messages.reasonEnded : instance.reason;
    case OperationReason.ONE_PROCESS:
      return messages.reasonOneProcess;
    case OperationReason.GAVE_UP:
      return messages.reasonGaveUp(stepText(instance, messages));
    case OperationReason.GAVE_UP_OUT:
      return messages.reasonGaveUpOut(stepText(instance, messages));
    case OperationReason.GAVE_UP_IN:
      return messages.reasonGaveUpIn(stepText(instance, messages));
    default:
      return instance.reason;
  }
}

function callersText(instance: OperationInstance, messages: Messages): string {
  const { hosts, hostsAcknowledged, routeVersion, waiting, skipped } = instance;
  const [first] = waiting;
  const head = messages.stepCallers(hostsAcknowledged, hosts, String(routeVersion));
  const rest = hosts - hostsAcknowledged - 1;
  const seconds = first === undefined ? 0 : Math.max(0, Math.round((Date.now() - first.sinceMs) / 1000));
  // In its first second nobody is late.
  const late = first === undefined || seconds < 1 ? "" : messages.stepCallersWaiting(first.name, seconds, rest);
  const left = skipped.length === 0 ? "" : messages.stepCallersSkipped(skipped.map(({ name }) => name).join(", "));
  return `${head}${late}${left}`;
}

/** The word for a state. */
export function stateWord(state: OperationState, messages: Messages): string {
  switch (state) {
    case OperationState.DONE:
      return messages.operationStateDone;
    case OperationState.FAILED:
      return messages.operationStateFailed;
    case OperationState.TIMED_OUT:
      return messages.operationStateTimedOut;
    case OperationState.CANCELLED:
      return messages.operationStateCancelled;
    default:
      return messages.operationStateRunning;
  }
}
