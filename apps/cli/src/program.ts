import { Command, Option } from "commander";
import type { AddCommand } from "./commands/command.ts";
import type { CommandContext } from "./context.ts";
import { languages } from "./messages/language.ts";

/** In the order of the help. A command is loaded only when it is asked for: all of them together take half a second. */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  start: async () => (await import("./commands/start.ts")).addStartCommand,
  server: async () => (await import("./commands/server.ts")).addServerCommand,
  stop: async () => (await import("./commands/stop.ts")).addStopCommand,
  status: async () => (await import("./commands/status.ts")).addStatusCommand,
  ps: async () => (await import("./commands/ps.ts")).addPsCommand,
  reload: async () => (await import("./commands/reload.ts")).addReloadCommand,
  services: async () => (await import("./commands/services.ts")).addServicesCommand,
  hosts: async () => (await import("./commands/hosts.ts")).addHostsCommand,
  capacity: async () => (await import("./commands/capacity.ts")).addCapacityCommand,
  routing: async () => (await import("./commands/routing.ts")).addRoutingCommand,
  route: async () => (await import("./commands/route.ts")).addRouteCommand,
  call: async () => (await import("./commands/call.ts")).addCallCommand,
  flow: async () => (await import("./commands/flow.ts")).addFlowCommand,
  requests: async () => (await import("./commands/requests.ts")).addRequestsCommand,
  map: async () => (await import("./commands/map.ts")).addMapCommand,
  logs: async () => (await import("./commands/logs.ts")).addLogsCommand,
  dye: async () => (await import("./commands/dye.ts")).addDyeCommand,
  metrics: async () => (await import("./commands/metrics.ts")).addMetricsCommand,
  alarms: async () => (await import("./commands/alarms.ts")).addAlarmsCommand,
  token: async () => (await import("./commands/token.ts")).addTokenCommand,
};

/**
 * The command line of `msec`, in the context's language. What is wrong with a command line is thrown by the parser, which says nothing itself.
 *
 * @param args  the command line: where it begins with a command, only that one is there
 */
export async function createProgram(
  context: CommandContext,
  version: string,
  args: readonly string[],
): Promise<Command> {
  const { messages } = context;
  const program = new Command("msec");
  // Settings first: commands take them over when they are added.
  program
    .description(messages.programDescription)
    .version(version, "-V, --version", messages.optionVersion)
    .option("--state <dir>", messages.optionState)
    .addOption(new Option("--lang <language>", messages.optionLanguage).choices(languages))
    .helpOption("-h, --help", messages.helpOption)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.terminal.out(text.trimEnd()),
      writeErr: (text) => context.terminal.err(text.trimEnd()),
      // Said by `usageErrorFromParser`, in the user's language.
      outputError: () => {},
    })
    .configureHelp({
      styleTitle: (title) => titles[title] ?? title,
    });
  const titles: Readonly<Record<string, string>> = {
    "Usage:": messages.helpUsage,
    "Arguments:": messages.helpArguments,
    "Options:": messages.helpOptions,
    "Commands:": messages.helpCommands,
  };
  const wanted = Object.hasOwn(commands, args[0] ?? "") ? [args[0] ?? ""] : Object.keys(commands);
  const adders = await Promise.all(wanted.map((name) => commands[name]?.()));
  for (const add of adders) add?.(program, context);
  return program;
}
