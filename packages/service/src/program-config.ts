import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseIni, readServiceConfig, type ServiceConfig, serviceConfigSchema } from "@msec/process";

/** A program's `etc/config.ini`, or what it would be if it were empty. */
export type ProgramConfig = {
  /** Its path; empty where there is none. */
  readonly file: string;
  readonly config: ServiceConfig;
};

/**
 * Finds and reads the configuration: `named`, which must exist, or else `../etc/config.ini` beside the directory `bin` if there is one.
 *
 * @throws UserError with file, line and what was expected
 */
export function readProgramConfig(named: string | undefined, directory: string): ProgramConfig {
  if (named !== undefined) return { file: named, config: readServiceConfig(named) };
  const usual = join(directory, "../etc/config.ini");
  if (existsSync(usual)) return { file: usual, config: readServiceConfig(usual) };
  return { file: "", config: parseIni("config.ini", "", serviceConfigSchema) };
}

/**
 * The value of a key in a section of the program's own, as it stands in the file; `undefined` where it does not. For `[SRPC]` and `[LOG]` the value in force,
 * with default and in base units (milliseconds, bytes).
 */
export function findConfigValue({ config }: ProgramConfig, section: string, key: string): string | undefined {
  const own = config.others.get(section);
  if (own !== undefined) return own.get(key);
  if (section !== "SRPC" && section !== "LOG") return undefined;
  const value = new Map<string, unknown>(Object.entries(config.values[section])).get(key);
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
