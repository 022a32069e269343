import { readdirSync, readFileSync } from "node:fs";

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

/**
 * Seconds of processor time that all running processes have used which were started with `name=value` in their environment, or by one that was: also those that
 * have left their parent. Where several are asked about one moment, what each has used is a hundredth of a second coarse.
 */
export function markedSeconds(name: string, value: string): number {
  const marks = [`${name}=${value}\0`, `\0${name}=${value}\0`];
  let seconds = 0;
  for (const entry of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(entry)) continue;
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, "latin1");
      if (environment.startsWith(marks[0]!) || environment.includes(marks[1]!))
        seconds += processSeconds(Number(entry));
    } catch {
      // It has ended meanwhile, or is another user's: then it is none of ours.
    }
  }
  return seconds;
}
