import type { Command } from "commander";
import type { CommandContext } from "../context.ts";

/** Adds one command to the program: its words, its arguments, and what it does. Each file in this folder exports one. */
export type AddCommand = (program: Command, context: CommandContext) => void;
