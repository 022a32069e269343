import { readdirSync, readFileSync } from "node:fs";

/**
 * The processes whose command line or environment names a directory: whatever a system that ran in it has left behind.
 *
 * @returns `pid command line`
 */
export function findLeftovers(directory: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => readProc(pid, "cmdline").includes(directory) || readProc(pid, "environ").includes(directory))
    .map((pid) => `${pid} ${readProc(pid, "cmdline").replaceAll("\0", " ").trim()}`)
    .filter((line) => !/^\d+$/.test(line)); // Dead, and not yet collected by its parent.
}

function readProc(pid: string, file: "cmdline" | "environ"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // Gone meanwhile, or of another user.
  }
}
