import { readFileSync } from "node:fs";

/** A variable of the environment that a process was started with; empty where it is not set, or cannot be read because the process has ended or belongs to another user. */
export function processVariable(pid: number, name: string): string {
  let environment: string;
  try {
    environment = readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
  const start = `${name}=`;
  const entry = environment.split("\0").find((each) => each.startsWith(start));
  return entry?.slice(start.length) ?? "";
}
