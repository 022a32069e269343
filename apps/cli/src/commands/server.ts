import { spawn } from "node:child_process";
import { once } from "node:events";
import { nodeEnvironment, nodeFlags } from "@msec/process";
import { programFile } from "../checkout.ts";
import type { CommandContext } from "../context.ts";
import { buildConsole, consoleIsStale } from "../launcher/console-build.ts";
import type { AddCommand } from "./command.ts";

/** `msec server`: the server alone, in the foreground, with its own flags: `msec server --only monitoring`. */
export const addServerCommand: AddCommand = (program, context) => {
  const { messages } = context;
  program
    .command("server")
    .description(messages.serverDescription)
    .argument("[flags...]", messages.serverFlags)
    // They are the server's: it names each, and says what is wrong with one.
    .allowUnknownOption()
    .helpOption(false)
    .action(async (flags: string[], _options, command) => {
      const { state } = command.optsWithGlobals() as { state?: string };
      const place = state === undefined ? [] : ["--state", state];
      const child = spawn(process.execPath, [...nodeFlags, programFile("server"), ...place, ...flags], {
        stdio: "inherit",
        env: { ...process.env, ...nodeEnvironment() },
      });
      // The terminal's Ctrl-C reaches both; what is sent to this process alone is handed on.
      const handOn = (signal: NodeJS.Signals) => child.kill(signal);
      const ignore = () => {};
      process.on("SIGTERM", handOn).on("SIGINT", ignore);
      const ended = new AbortController();
      const building = buildConsoleFor(flags, context, ended.signal);
      try {
        const [code] = (await once(child, "exit")) as [number | null];
        process.exitCode = code ?? 1;
      } finally {
        process.off("SIGTERM", handOn).off("SIGINT", ignore);
        ended.abort();
        await building;
      }
    });
};

/** Build the console beside the server, which serves its files as soon as they are there; a build that fails costs only the console. */
async function buildConsoleFor(
  flags: readonly string[],
  { terminal, messages, style }: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const needsNone = flags.some((flag) => flag === "--help" || flag === "-h" || flag.startsWith("--console-files"));
  if (needsNone || !consoleIsStale()) return;
  const say = (text: string) => terminal.err(style.faint(`${messages.stepConsole}: ${text}`));
  say(messages.consoleBuilding);
  try {
    await buildConsole(messages, signal);
    say(messages.consoleBuilt);
  } catch (error) {
    if (!signal.aborted) say(error instanceof Error ? error.message : String(error));
  }
}
