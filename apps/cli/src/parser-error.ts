import type { Command, CommanderError } from "commander";
import { type CommandContext, usageError } from "./context.ts";

/**
 * What the parser did not understand, as a line of ours in the user's language: it knows English only.
 *
 * @param program  the command line that it was read by
 * @param args     what the user typed
 * @returns a UserError with exit status 2
 */
export function usageErrorFromParser(
  error: CommanderError,
  program: Command,
  args: readonly string[],
  { messages }: Pick<CommandContext, "messages">,
) {
  const command = commandOf(program, args);
  const meant = /\(Did you mean (?:one of )?(.+)\?\)/.exec(error.message)?.[1];
  const hints = [meant === undefined ? "" : messages.parserMeant(meant), messages.parserHelp(command)];
  return usageError(whatIsWrong(error, command, messages), hints.filter(Boolean).join(" "));
}

/** By commander's codes; the words in quotes are what it is about (`lib/command.js` of commander 15). */
function whatIsWrong({ code, message }: CommanderError, command: string, messages: CommandContext["messages"]): string {
  const [first = "", second = ""] = [...message.matchAll(/'([^']*)'/g)].map(([, quoted = ""]) => quoted);
  switch (code) {
    case "commander.unknownCommand":
      return messages.parserUnknownCommand(first);
    case "commander.unknownOption":
      return messages.parserUnknownOption(first);
    case "commander.missingArgument":
      return messages.parserMissingArgument(first);
    case "commander.optionMissingArgument":
      return messages.parserOptionWithoutValue(first);
    case "commander.invalidArgument":
      return messages.parserInvalidValue(first, second);
    case "commander.excessArguments":
      return messages.parserTooMany(command);
    default:
      return message.replace(/^error: /, "");
  }
}

/** The command that the words name, as it is typed: `msec capacity out`. */
function commandOf(program: Command, args: readonly string[]): string {
  const names = [program.name()];
  let command = program;
  for (const word of args) {
    const child = command.commands.find((one) => one.name() === word);
    if (child === undefined) continue;
    names.push(word);
    command = child;
  }
  return names.join(" ");
}
