import type { InstanceSettings } from "@msec/api/agent/v1/common_pb.js";
import type { Command } from "commander";
import { usageError } from "../context.ts";
import type { Messages } from "../messages/messages.ts";

/** What commander finds of the options of `addLimitsOptions`. */
export interface LimitsOptions {
  readonly weight?: string;
  readonly procnum?: string;
  readonly memory?: string;
  readonly cpus?: string;
  readonly nofile?: string;
}

/** Add the options for weight and limits of an instance. */
export function addLimitsOptions(command: Command, messages: Messages): Command {
  return command
    .option("--weight <n>", messages.optionWeight)
    .option("--procnum <n>", messages.optionProcnum)
    .option("--memory <size>", messages.optionMemory)
    .option("--cpus <n>", messages.optionCpus)
    .option("--nofile <n>", messages.optionNofile);
}

/** The weight that was given; 0 where none was. @throws UserError, exit status 2 */
export function weightOf(options: LimitsOptions, messages: Messages): number {
  return options.weight === undefined ? 0 : wholeNumber("--weight", options.weight, 1, 10_000, messages);
}

/**
 * The limits that were given, over those that there are.
 *
 * @returns `undefined` where none was given
 * @throws UserError, exit status 2
 */
export function settingsOf(options: LimitsOptions, before: InstanceSettings | undefined, messages: Messages) {
  const { procnum, memory, cpus, nofile } = options;
  if ([procnum, memory, cpus, nofile].every((text) => text === undefined)) return undefined;
  const number = (name: string, text: string | undefined, most: number, earlier: number | undefined) =>
    text === undefined ? (earlier ?? 0) : wholeNumber(name, text, 0, most, messages);
  return {
    procnum: number("--procnum", procnum, 1024, before?.procnum),
    memoryBytes: memory === undefined ? (before?.memoryBytes ?? 0) : bytes(memory, messages),
    cpus: number("--cpus", cpus, 1024, before?.cpus),
    openFiles: number("--nofile", nofile, 1_048_576, before?.openFiles),
  };
}

/** A whole number of an option. @throws UserError, exit status 2 */
export function wholeNumber(option: string, text: string, least: number, most: number, messages: Messages): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw usageError(messages.badNumber(option, text, `${least}…${most}`));
  return value;
}

function bytes(text: string, messages: Messages): number {
  const [, digits, unit = ""] = /^(\d{1,6})([KMGT]?)$/i.exec(text) ?? [];
  if (digits === undefined) throw usageError(messages.badNumber("--memory", text, "512M, 2G …"));
  return Number(digits) * 1024 ** ["", "K", "M", "G", "T"].indexOf(unit.toUpperCase());
}
