import type { Argument, Command, Option } from "commander";

/**
 * Every command with its arguments and options as `docs/reference/commands.md` has them, from what the commands themselves say.
 *
 * @param program  with all its commands
 */
export function commandReference(program: Command): string {
  const commands = program.commands.flatMap((command) => withSubcommands(command, ["msec"]));
  return commands.map(({ names, command }) => section(names, command)).join("\n");
}

interface Named {
  readonly names: readonly string[];
  readonly command: Command;
}

function withSubcommands(command: Command, before: readonly string[]): Named[] {
  const names = [...before, command.name()];
  return [{ names, command }, ...command.commands.flatMap((child) => withSubcommands(child, names))];
}

function section(names: readonly string[], command: Command): string {
  const words = command.registeredArguments.map(argumentText);
  const rows = [
    ...command.registeredArguments.map((argument) => [argumentText(argument), argument.description]),
    ...command.options.map((option) => [option.flags, optionText(option)]),
  ];
  const table = rows.map(
    ([term = "", text = ""]) => `| \`${term.replaceAll("|", "\\|")}\` | ${text.replaceAll("|", "\\|")} |`,
  );
  const heading = `${names.length === 2 ? "##" : "###"} ${[...names, ...words].join(" ")}`;
  return [
    heading.replaceAll(/[<>]/g, "\\$&"),
    "",
    command.description(),
    "",
    ...(table.length === 0 ? [] : ["| option | what it says |", "|---|---|", ...table, ""]),
  ].join("\n");
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function optionText({ description, defaultValue }: Option): string {
  const shown = typeof defaultValue === "string" && !description.includes("(default");
  return shown ? `${description} (default: ${defaultValue})` : description;
}
