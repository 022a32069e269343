import { OperationKind } from "@msec/api/console/v1/capacity_pb.js";
import {
  parseAddressPort,
  type ReloadResult,
  type RunRecord,
  reloadSocketPath,
  requestReload,
  socketPath,
  UserError,
} from "@msec/process";
import type { Command } from "commander";
import { openOperatorApi } from "../api/operator-client.ts";
import { changeRequest, startOperation } from "../capacity/start-operation.ts";
import { type GlobalOptions, getState, usageError } from "../context.ts";
import { findReloadable } from "../reload/find-reloadable.ts";
import { findInstances, parseReloadTarget, type ReloadTarget } from "../reload/reload-target.ts";
import { liveRecords, processTitle } from "../state/system-processes.ts";
import type { AddCommand } from "./command.ts";

/** One instance's part of `msec reload --json` without a server. */
type ReloadRow = { readonly instanceId: string; readonly listen: string; readonly pid: number } & ReloadResult;

type Options = GlobalOptions & {
  readonly json?: boolean;
  readonly here?: boolean;
  readonly wait: boolean;
  readonly batch?: string;
  readonly timeout?: string;
};

/**
 * `msec reload L1.L2[@instance or host] [ip:port...]`: new worker processes take the place of the old ones, without a failed call. One instance after the
 * other. Where a server runs, through it, wherever the instances are; otherwise the controllers of this host are asked directly.
 */
export const addReloadCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("reload")
    .description(messages.reloadDescription)
    .argument("<service>", messages.reloadTarget)
    .argument("[ip:port...]", messages.reloadInstances)
    .option("--batch <n>", messages.optionBatch)
    .option("--timeout <seconds>", messages.optionStepTimeout)
    .option("--no-wait", messages.optionNoWait)
    .option("--here", messages.optionHere)
    .option("--json", messages.optionJson)
    .action(async (text: string, addresses: string[], _options, command: Command) => {
      const options = command.optsWithGlobals() as Options;
      const target = parseReloadTarget(text, addresses);
      if (target === undefined) throw usageError(messages.badReloadTarget(text), messages.badReloadTargetHint);
      for (const address of addresses) {
        if (parseAddressPort(address) === undefined) throw usageError(messages.badInstance(address));
      }
      const state = getState(context, options);
      const hasServer = liveRecords(state).some(({ role }) => role === "server");
      if (hasServer && options.here !== true) await reloadThroughServer(state, target, text, options);
      else await reloadHere(state, target, text, options.json === true);
    });

  async function reloadThroughServer(state: string, target: ReloadTarget, text: string, options: Options) {
    const request = { kind: OperationKind.RELOAD, ...changeRequest(options, messages) };
    const api = openOperatorApi(state, messages);
    const instances = await findReloadable(api, target, messages);
    if (instances.length === 0) {
      throw new UserError(messages.reloadNobodyRuns(text), { hint: messages.reloadNobodyRunsHint });
    }
    const { wait, json = false } = options;
    await startOperation(api, request, instances, { wait, json }, context);
  }

  async function reloadHere(state: string, target: ReloadTarget, text: string, json: boolean): Promise<void> {
    const instances = findInstances(liveRecords(state), target);
    if (instances.length === 0) throw new UserError(messages.reloadNobody(text), { hint: messages.reloadNobodyHint });
    const rows: ReloadRow[] = [];
    for (const instance of instances) {
      const result = await reload(state, instance, json);
      rows.push({ instanceId: instance.instanceId ?? "", listen: instance.listen, pid: instance.pid, ...result });
      // What does not start here does not start elsewhere either: the others keep what works.
      if (!result.ok) break;
    }
    if (json) terminal.out(JSON.stringify(rows, null, 2));
    const failed = rows.find(({ ok }) => !ok);
    if (failed === undefined) return;
    const left = instances.length - rows.length;
    throw new UserError(messages.reloadFailed(titleOf(failed, instances), left), { hint: messages.reloadFailedHint });
  }

  async function reload(state: string, instance: RunRecord, isQuiet: boolean): Promise<ReloadResult> {
    const title = processTitle(instance);
    const say = (line: string) => isQuiet || terminal.out(line);
    say(messages.reloadBegins(title));
    const path = reloadSocketPath(socketPath(state, "agent"), instance.instanceId ?? "");
    const result = await requestReload(path, ({ worker, pid, of }) =>
      say(`  ${messages.reloadReady(worker, of, pid)}`),
    );
    if (result === undefined)
      throw new UserError(messages.reloadOneProcess(title), { hint: messages.reloadOneProcessHint });
    const seconds = (result.tookMs / 1_000).toFixed(1);
    say(
      result.ok
        ? `  ${style.good(messages.reloadDone(result.workers.length, seconds))}`
        : `  ${style.bad(result.reason)}`,
    );
    return result;
  }

  function titleOf(row: ReloadRow, instances: readonly RunRecord[]): string {
    const record = instances.find(({ instanceId }) => instanceId === row.instanceId);
    return record === undefined ? row.listen : processTitle(record);
  }
};
