import { lstatSync, type Stats, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { systemErrorCode } from "../node-error.ts";
import { UserError } from "../user-error.ts";

/**
 * Make sure that a unix socket can be made at a path and that nobody else can put one in its place: its directory is no symbolic link, belongs to this user or
 * root and can be written by no other. What an earlier process left at the path is removed.
 *
 * @param options.above  check the directories above too (a sticky one, as /tmp, may be written by all): for a place outside of the state directory; default false
 * @throws UserError naming the directory or file, and what to do
 */
export function prepareSocketPlace(path: string, options: { readonly above?: boolean } = {}): void {
  const nearest = dirname(path);
  for (const directory of options.above === true ? directoriesUp(nearest) : [nearest]) {
    const fault = directoryFault(directory, directory === nearest);
    if (fault === undefined) continue;
    throw new UserError(`no socket can be made at ${path}: ${directory} ${fault}`, {
      hint: "use a directory that only this user can write, such as one of mode 0700",
    });
  }
  const found = statusOf(path);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new UserError(`no socket can be made at ${path}: something that is no socket is in its place`, {
      hint: "remove it, or name another path",
    });
  }
  if (!isOurs(found, false)) {
    throw new UserError(`the socket ${path} belongs to user ${found.uid}`, {
      hint: "remove it as that user, or name another path",
    });
  }
  unlinkSync(path);
}

/**
 * Make sure, before connecting, that a unix socket belongs to this user or root: a socket of anybody else may only pretend to be the agent's.
 *
 * @throws UserError; also where there is none
 */
export function assertTrustedSocket(path: string): void {
  const found = statusOf(path);
  if (found === undefined) throw new UserError(`there is no socket ${path}`);
  if (!found.isSocket()) throw new UserError(`${path} is no socket`);
  if (!isOurs(found, true)) {
    throw new UserError(`the socket ${path} belongs to user ${found.uid}, not to you or root`, {
      hint: "whoever made it could answer anything; use the agent of this user",
    });
  }
}

function directoriesUp(directory: string): string[] {
  const above = dirname(directory);
  return above === directory ? [directory] : [directory, ...directoriesUp(above)];
}

function directoryFault(directory: string, nearest: boolean): string | undefined {
  const found = statusOf(directory);
  if (found === undefined) return "does not exist";
  // Further up a link is as good as the owner of the directory that it is in.
  if (found.isSymbolicLink()) return nearest || !isOurs(found, true) ? "is a symbolic link" : undefined;
  if (!found.isDirectory()) return "is no directory";
  if (!isOurs(found, true)) return `belongs to user ${found.uid}`;
  const isSticky = (found.mode & 0o1000) !== 0;
  if ((found.mode & 0o022) !== 0 && (nearest || !isSticky)) return "can be written by other users";
  return undefined;
}

function isOurs(found: Stats, orRoot: boolean): boolean {
  return found.uid === process.getuid?.() || (orRoot && found.uid === 0);
}

function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
