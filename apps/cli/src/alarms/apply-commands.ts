import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { UserError } from "@msec/process";
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { fileProblem } from "../output/file-problem.ts";
import { type AlarmOptions, alarmTools } from "./alarm-tools.ts";
import { type AppliedChange, applyAlarms, exportAlarms, readAlarmDocuments } from "./apply-alarms.ts";

/** A thousand rules of the longest kind. */
const fileMaxBytes = 4 * 1024 * 1024;

type ApplyCommandOptions = AlarmOptions & { readonly dryRun?: boolean; readonly removeOthers?: boolean };

/** `msec alarms export` and `msec alarms apply`: rules and channels as a file, for version control. */
export function addApplyCommands(alarms: Command, context: CommandContext): void {
  const { environment, messages, style, terminal, workingDirectory } = context;
  const { open } = alarmTools(context);

  alarms
    .command("export")
    .description(messages.alarmsExportDescription)
    .action(async (_options, command: Command) => {
      terminal.out(JSON.stringify(await exportAlarms(open(command).api), null, 2));
    });

  alarms
    .command("apply")
    .description(messages.alarmsApplyDescription)
    .argument("<file>", messages.applyFile)
    .option("--remove-others", messages.applyRemoveOthers)
    .option("--dry-run", messages.applyDryRun)
    .option("--json", messages.optionJson)
    .action(async (file: string, _options, command: Command) => {
      const { options, api } = open<ApplyCommandOptions>(command);
      const documents = readAlarmDocuments(await readText(file), messages);
      const { dryRun = false, removeOthers = false } = options;
      const changes = await applyAlarms(api, documents, { removeOthers, dryRun, environment, messages });
      if (options.json) return terminal.out(JSON.stringify({ dryRun, changes }, null, 2));
      for (const change of changes) if (change.what !== "same") terminal.out(changeText(change));
      const same = changes.filter(({ what }) => what === "same").length;
      terminal.err(style.faint(dryRun ? messages.appliedDry(same) : messages.applied(same)));
    });

  function changeText({ kind, name, what }: AppliedChange): string {
    const sign = { added: style.good("+"), changed: style.warn("~"), removed: style.bad("-"), same: "=" }[what];
    return `${sign} ${messages.applyKind(kind)} ${name}`;
  }

  async function readText(file: string): Promise<string> {
    if (file === "-") return await text(process.stdin);
    const path = resolve(workingDirectory, file);
    try {
      if ((await stat(path)).size > fileMaxBytes) throw new UserError(messages.applyTooLarge(file, fileMaxBytes));
      return await readFile(path, "utf8");
    } catch (cause) {
      if (cause instanceof UserError) throw cause;
      throw new UserError(messages.applyUnreadable(file, fileProblem(cause, messages)), { cause });
    }
  }
}
