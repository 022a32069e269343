import { Command, Option } from "commander";
import { addCallCommand } from "./commands/call.ts";
import { addFlowCommand } from "./commands/flow.ts";
import { addHostsCommand } from "./commands/hosts.ts";
import { addPsCommand } from "./commands/ps.ts";
import { addRoutingCommand } from "./commands/routing.ts";
import { addServicesCommand } from "./commands/services.ts";
import { addStartCommand } from "./commands/start.ts";
import { addStatusCommand } from "./commands/status.ts";
import { addStopCommand } from "./commands/stop.ts";
import { addTokenCommand } from "./commands/token.ts";
import type { CommandContext } from "./context.ts";
import { languages } from "./messages/language.ts";

const commands = [
  addStartCommand,
  addStopCommand,
  addStatusCommand,
  addPsCommand,
  addServicesCommand,
  addHostsCommand,
  addRoutingCommand,
  addCallCommand,
  addFlowCommand,
  addTokenCommand,
];

/** The whole command line of `msec`, in the context's language. What is wrong with a command line is thrown by the parser. */
export function createProgram(context: CommandContext, version: string): Command {
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
  for (const add of commands) add(program, context);
  return program;
}
