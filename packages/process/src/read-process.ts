import { readFileSync } from "node:fs";
import { systemErrorCode } from "./node-error.ts";

/** What /proc says about one process. */
export interface ProcessInfo {
  readonly pid: number;
  /** One letter of proc(5): `R`, `S`, `D`, `T`, `Z`, … */
  readonly state: string;
  readonly parentPid: number;
  readonly processGroup: number;
  /** Start time in clock ticks since boot: together with the pid it identifies a process, even after the pid has been used again. */
  readonly startTicks: number;
  /** The same in milliseconds since 1970 UTC, to about a second. */
  readonly startedMs: number;
  /** CPU time in clock ticks (user and system), see `TICKS_PER_SECOND`. */
  readonly cpuTicks: number;
  /** Resident memory in bytes; 0 for a zombie. */
  readonly memoryBytes: number;
}

/** Clock ticks in a second (`_SC_CLK_TCK`): 100 on every Linux that Node runs on. */
export const TICKS_PER_SECOND = 100;

/**
 * Read one process from /proc.
 *
 * @returns `undefined` when there is none; a zombie is returned, with state `Z`
 */
export function readProcess(pid: number): ProcessInfo | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses and may itself contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTicks = Number(fields[19]);
  return {
    pid,
    state: fields[0]!,
    parentPid: Number(fields[1]),
    processGroup: Number(fields[2]),
    startTicks,
    startedMs: bootMs() + (startTicks * 1000) / TICKS_PER_SECOND,
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    memoryBytes: residentBytes(pid),
  };
}

/** The start time of a process in clock ticks since boot, `undefined` when there is none; a zombie counts as none. */
export function startTicksOf(pid: number): number | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : Number(fields[19]);
}

/** For how many milliseconds a process that began at these ticks has existed, by a clock that nobody sets; at least 0. */
export function ageMsOf(startTicks: number): number {
  const upS = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  return Math.max(0, upS * 1000 - (startTicks * 1000) / TICKS_PER_SECOND);
}

/** From `status` rather than `stat`: in kB there, in pages of an unknown size here. */
function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`/proc/${pid}/status`) ?? "");
  return kilobytes === null ? 0 : Number(kilobytes[1]) * 1024;
}

let bootMsCache: number | undefined;

function bootMs(): number {
  bootMsCache ??= Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? 0) * 1000;
  return bootMsCache;
}

/** The text of a file of /proc, `undefined` when the process is gone. */
function readProc(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
