import { accessSync, chmodSync, constants, mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { systemErrorCode } from "../node-error.ts";
import { UserError } from "../user-error.ts";

/** A state directory that exists, belongs to this user, and can be written. */
export interface StateDirectory {
  /** Absolute. */
  readonly path: string;
  /** `<path>/run`: records and sockets. */
  readonly run: string;
  /** `<path>/log`: output of the processes that the launcher starts. */
  readonly log: string;
}

/**
 * Make a state directory, or check the one that is there, and make it private (0700).
 *
 * @param directory  absolute, or relative to the working directory
 * @throws UserError that says what is wrong with it and what to do
 */
export function openState(directory: string): StateDirectory {
  const path = resolve(directory);
  makeDirectory(path);
  const found = statSync(path);
  if (!found.isDirectory()) {
    throw new UserError(`state directory ${path} is not a directory`, { hint: "name another with --state" });
  }
  const uid = process.getuid?.();
  if (uid !== undefined && found.uid !== uid) {
    throw new UserError(`state directory ${path} belongs to user ${found.uid}, not to you (${uid})`, {
      hint: "run as that user, or name another directory with --state",
    });
  }
  if ((found.mode & 0o777) !== 0o700) chmodSync(path, 0o700);
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new UserError(`state directory ${path} cannot be read and written`, {
      hint: "check its owner and its file system, or name another with --state",
      cause,
    });
  }
  const state: StateDirectory = { path, run: join(path, "run"), log: join(path, "log") };
  makeDirectory(state.run);
  makeDirectory(state.log);
  return state;
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const code = systemErrorCode(cause);
    const why = code === "EEXIST" || code === "ENOTDIR" ? "a file is in its place" : (code ?? String(cause));
    throw new UserError(`cannot make the state directory ${path}: ${why}`, {
      hint: "name another with --state, or make it yours (chown)",
      cause,
    });
  }
}
