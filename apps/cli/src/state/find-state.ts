import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readSettings, settingsFileName } from "../launcher/settings.ts";

/** What may name the state directory. */
export interface StateSources {
  /** `--state` of the command line. */
  readonly option: string | undefined;
  /** MSEC_STATE. */
  readonly variable: string | undefined;
  readonly workingDirectory: string;
}

/**
 * Find the state directory of the system that a command is about: `--state`, MSEC_STATE, else the nearest directory upwards
 * that has a `.msec`, or an `msec.ini` that names one.
 *
 * @returns an absolute path, which exists; `undefined` when there is none
 */
export function findState(sources: StateSources): string | undefined {
  const named = sources.option || sources.variable;
  if (named) {
    const state = resolve(sources.workingDirectory, named);
    return isDirectory(state) ? state : undefined;
  }
  for (let directory = resolve(sources.workingDirectory); ; directory = dirname(directory)) {
    const state = stateOf(directory);
    if (state !== undefined) return state;
    if (dirname(directory) === directory) return undefined;
  }
}

function stateOf(directory: string): string | undefined {
  const file = join(directory, settingsFileName);
  const state = existsSync(file) ? readSettings(file).state : join(directory, ".msec");
  return isDirectory(state) ? state : undefined;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
