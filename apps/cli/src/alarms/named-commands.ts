import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { type Column, tableLines } from "../output/table.ts";
import { type AlarmApi, alarmTools } from "./alarm-tools.ts";
import type { Document } from "./document.ts";

/** What rules and channels have in common as commands: they are kept under names, and written as documents. */
export interface NamedKind<Item extends { readonly id: string; readonly name: string }> {
  /** `rule`; its plural, with an `s`, means the same. */
  readonly word: string;
  /** The key under which `apply` takes a list of them. */
  readonly key: string;
  readonly descriptions: {
    readonly all: string;
    readonly list: string;
    readonly show: string;
    readonly remove: string;
  };
  /** What its name is, for help. */
  readonly argument: string;
  /** Said where there are none. */
  readonly none: string;
  readonly columns: readonly Column[];
  readonly read: (api: AlarmApi) => Promise<Named<Item>>;
  /** The one of a name or id. @throws UserError where there is none */
  readonly find: (api: AlarmApi, name: string) => Promise<Item>;
  readonly remove: (api: AlarmApi, id: string) => Promise<unknown>;
}

/** All of a kind, and how one is shown. */
export interface Named<Item> {
  readonly items: readonly Item[];
  /** As `apply` takes it. */
  readonly document: (item: Item) => Document;
  /** A line of the table, cell by cell. */
  readonly row: (item: Item) => string[];
}

/** Adds `msec alarms <word>` with `list`, `show` and `remove`. @returns the command, for what else it can do */
export function addNamedCommands<Item extends { readonly id: string; readonly name: string }>(
  alarms: Command,
  context: CommandContext,
  kind: NamedKind<Item>,
): Command {
  const { messages, terminal } = context;
  const { open, print } = alarmTools(context);
  const list = async (_options: unknown, command: Command) => {
    const { options, api } = open(command);
    const { items, document, row } = await kind.read(api);
    if (options.json) return print({ [kind.key]: items.map(document) });
    if (items.length === 0) return terminal.out(kind.none);
    for (const line of tableLines(kind.columns, items.map(row))) terminal.out(line);
  };

  const named = alarms
    .command(kind.word)
    .alias(`${kind.word}s`)
    .description(kind.descriptions.all)
    .option("--json", messages.optionJson)
    .action(list);
  named.command("list").description(kind.descriptions.list).option("--json", messages.optionJson).action(list);

  named
    .command("show")
    .description(kind.descriptions.show)
    .argument("<name>", kind.argument)
    .option("--json", messages.optionJson)
    .action(async (name: string, _options, command: Command) => {
      const { api } = open(command);
      const { document } = await kind.read(api);
      print(document(await kind.find(api, name)));
    });

  named
    .command("remove")
    .description(kind.descriptions.remove)
    .argument("<name>", kind.argument)
    .option("--json", messages.optionJson)
    .action(async (name: string, _options, command: Command) => {
      const { options, api } = open(command);
      const found = await kind.find(api, name);
      await kind.remove(api, found.id);
      if (options.json) print({ removed: found.name });
      else terminal.out(messages.alarmRemoved(found.name));
    });
  return named;
}
