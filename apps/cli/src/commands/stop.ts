import { UserError, waitGone } from "@msec/process";
import { type CommandContext, type GlobalOptions, getState } from "../context.ts";
import { askLauncher } from "../launcher/control-client.ts";
import { parsePart } from "../launcher/parse-part.ts";
import { stopSystem } from "../state/stop-system.ts";
import { liveRecords, processTitle } from "../state/system-processes.ts";
import type { AddCommand } from "./command.ts";

/** The launcher may take as long as the graces of all that it stops. */
const launcherStopMs = 60_000;

/** `msec stop [server|agent]`: stop the whole system, also when its launcher is gone, or one part of it. */
export const addStopCommand: AddCommand = (program, context) => {
  const { messages } = context;
  program
    .command("stop")
    .description(messages.stopDescription)
    .argument("[part]", messages.partArgument)
    .action(async (word: string | undefined, _options, command) => {
      const state = getState(context, command.optsWithGlobals() as GlobalOptions);
      if (word === undefined) await stopEverything(state, context);
      else await stopPart(state, word, context);
    });
};

async function stopPart(state: string, word: string, { messages, terminal }: CommandContext): Promise<void> {
  const part = parsePart(word, messages);
  const answer = await askLauncher(state, { command: "stop", part });
  if (answer === undefined) throw new UserError(messages.launcherGone, { hint: messages.launcherGoneHint });
  terminal.out(answer.changed ? messages.partStopped(part) : messages.partStoppedAlready(part));
}

async function stopEverything(state: string, { messages, terminal }: CommandContext): Promise<void> {
  const running = liveRecords(state);
  if (running.length === 0) {
    terminal.out(messages.nothingRuns);
    return;
  }
  const launcher = running.find((record) => record.role === "launcher");
  if (launcher !== undefined) {
    await askLauncher(state, { command: "stop-all" });
    await waitGone(launcher, launcherStopMs);
  }
  // Without a launcher, and for whatever a launcher could not stop.
  await stopSystem(state);
  const left = liveRecords(state);
  if (left.length > 0) {
    const names = left.map(processTitle).join(", ");
    throw new UserError(messages.cannotStop(names), { hint: messages.cannotStopHint });
  }
  for (const record of running) terminal.out(messages.stopped(processTitle(record)));
}
