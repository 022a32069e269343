import { readFileSync } from "node:fs";

/** Linux counts a process's time in hundredths of a second. */
const ticksPerSecond = 100;

/**
 * Seconds of processor time, user and system, that a process and all its threads have used; 0 for `undefined`.
 *
 * Hardly minds what else the machine does, unlike calls per second.
 */
export function processSeconds(pid: number | undefined): number {
  if (pid === undefined) return 0;
  // Behind the name, which may hold anything: fields 14 and 15 of proc(5), the first of these being field 3.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** What the scheduler gave a process's main thread so far, in seconds: how long it ran, and how long it would have run but had to wait for a processor. */
export function scheduledSeconds(pid: number): { readonly ran: number; readonly waited: number } {
  const [ran, waited] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ").map(Number);
  return { ran: ran! / 1e9, waited: waited! / 1e9 };
}
