import { type RunRecord, socketPath, UserError } from "@msec/process";
import { type ReloadResult, reloadSocketPath, requestReload } from "@msec/service/workers";
import { type GlobalOptions, getState, usageError } from "../context.ts";
import { findInstances, parseReloadTarget } from "../reload/reload-target.ts";
import { liveRecords, processTitle } from "../state/system-processes.ts";
import type { AddCommand } from "./command.ts";

/** One instance's part of `msec reload --json`. */
type ReloadRow = { readonly instanceId: string; readonly listen: string; readonly pid: number } & ReloadResult;

/** `msec reload L1.L2[@instance or host]`: new worker processes take the place of the old ones, without a failed call. One instance after the other. */
export const addReloadCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("reload")
    .description(messages.reloadDescription)
    .argument("<service>", messages.reloadTarget)
    .option("--json", messages.optionJson)
    .action(async (text: string, _options, command) => {
      const options = command.optsWithGlobals() as GlobalOptions & { json?: boolean };
      const target = parseReloadTarget(text);
      if (target === undefined) throw usageError(messages.badReloadTarget(text), messages.badReloadTargetHint);
      const state = getState(context, options);
      const instances = findInstances(liveRecords(state), target);
      if (instances.length === 0) throw new UserError(messages.reloadNobody(text), { hint: messages.reloadNobodyHint });
      const rows: ReloadRow[] = [];
      for (const instance of instances) {
        const result = await reload(state, instance, options.json === true);
        rows.push({ instanceId: instance.instanceId ?? "", listen: instance.listen, pid: instance.pid, ...result });
        // What does not start here does not start elsewhere either: the others keep what works.
        if (!result.ok) break;
      }
      if (options.json) terminal.out(JSON.stringify(rows, null, 2));
      const failed = rows.find(({ ok }) => !ok);
      if (failed === undefined) return;
      const left = instances.length - rows.length;
      throw new UserError(messages.reloadFailed(titleOf(failed, instances), left), { hint: messages.reloadFailedHint });
    });

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
