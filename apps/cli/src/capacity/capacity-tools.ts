import type { Command } from "commander";
import { type OperatorApi, openOperatorApi } from "../api/operator-client.ts";
import { type CommandContext, type GlobalOptions, getState } from "../context.ts";
import { type Column, tableLines } from "../output/table.ts";

/** Options that commands of capacity share. */
export type CapacityOptions = GlobalOptions & { readonly json?: boolean };

/** What the commands of `msec capacity` share. */
export function capacityTools(context: CommandContext) {
  const { messages, terminal } = context;
  return {
    /** Reach the server of the command's state directory. */
    apiOf(command: Command): OperatorApi {
      return openOperatorApi(getState(context, command.optsWithGlobals() as GlobalOptions), messages);
    },

    /** Whether the command was asked for JSON. */
    wantsJson(command: Command): boolean {
      return (command.optsWithGlobals() as CapacityOptions).json === true;
    },

    /** Print a value as JSON. */
    print(value: unknown): void {
      terminal.out(JSON.stringify(value, null, 2));
    },

    /** Print rows for people. */
    printTable(columns: readonly Column[], rows: readonly string[][]): void {
      for (const line of tableLines(columns, rows)) terminal.out(line);
    },
  };
}
