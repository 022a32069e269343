import { realpathSync } from "node:fs";

/**
 * The working directory by the path that was taken to it, as the shell's PWD has it: `bin` of a service may be a link, and the
 * service's name and its `etc` are beside the link, not beside what it leads to.
 *
 * @param pwd  PWD of the environment, believed only if it leads to the same place
 * @param cwd  what the kernel says, links resolved
 */
export function workingDirectory(pwd: string | undefined, cwd: string): string {
  if (pwd === undefined || !pwd.startsWith("/")) return cwd;
  try {
    return realpathSync(pwd) === realpathSync(cwd) ? pwd : cwd;
  } catch {
    // PWD of whoever started this program, long gone.
    return cwd;
  }
}
