import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { findServiceName } from "./service-name.ts";

/**
 * The directory that says which service a program belongs to: the working directory where that is `<L1>/<L2>/bin`, else the
 * one of the program's file where that is, else the working directory.
 *
 * @param mainFile  the file that was started, `process.argv[1]`
 */
export function programDirectory(pwd: string | undefined, cwd: string, mainFile: string | undefined): string {
  const working = workingDirectory(pwd, cwd);
  if (findServiceName(working) !== undefined || mainFile === undefined) return working;
  const own = dirname(mainFile);
  return findServiceName(own) === undefined ? working : own;
}

/**
 * The working directory by the path that was taken to it, as the shell's PWD has it: `bin` of a service may be a link, and the
 * service's name and its `etc` are beside the link, not beside what it leads to.
 *
 * @param pwd  PWD of the environment, believed only if it leads to the same place
 * @param cwd  what the kernel says, links resolved
 */
function workingDirectory(pwd: string | undefined, cwd: string): string {
  if (pwd === undefined || !pwd.startsWith("/")) return cwd;
  try {
    return realpathSync(pwd) === realpathSync(cwd) ? pwd : cwd;
  } catch {
    // PWD of whoever started this program, long gone.
    return cwd;
  }
}
