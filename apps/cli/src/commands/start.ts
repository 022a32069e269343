import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { UserError } from "@msec/process";
import { type CommandContext, type GlobalOptions, getState } from "../context.ts";
import { askLauncher } from "../launcher/control-client.ts";
import { launch } from "../launcher/launch.ts";
import { parsePart } from "../launcher/parse-part.ts";
import { readSettings, settingsFileName } from "../launcher/settings.ts";
import type { AddCommand } from "./command.ts";

/** `msec start`: the launcher; with a part, that part again. */
export const addStartCommand: AddCommand = (program, context) => {
  const { messages } = context;
  program
    .command("start")
    .description(messages.startDescription)
    .argument("[part]", messages.partArgument)
    .option("--config <file>", messages.startConfig)
    .action(async (word: string | undefined, _options, command) => {
      const options = command.optsWithGlobals() as GlobalOptions & { config?: string };
      if (word === undefined) await startEverything(options, context);
      else await startPart(getState(context, options), word, context);
    });
};

async function startPart(state: string, word: string, { messages, terminal }: CommandContext): Promise<void> {
  const part = parsePart(word, messages);
  const answer = await askLauncher(state, { command: "start", part });
  if (answer === undefined) throw new UserError(messages.launcherGone, { hint: messages.launcherGoneHint });
  const { pid } = answer.parts[part];
  terminal.out(answer.changed ? messages.partStarted(part, pid) : messages.partRunsAlready(part));
}

async function startEverything(options: GlobalOptions & { config?: string }, context: CommandContext): Promise<void> {
  const { environment, workingDirectory } = context;
  const file = resolve(workingDirectory, options.config ?? settingsFileName);
  const settings = readSettings(file, options.config !== undefined);
  const named = options.state || environment.MSEC_STATE;
  const state = named ? resolve(workingDirectory, named) : settings.state;
  await launch({ settings, state, config: existsSync(file) ? file : undefined }, context);
}
