import { isAlive, type RunRecord, readProcess, readRunRecords } from "@msec/process";

/** One process of the system on this host, by its run record and /proc. */
export interface SystemProcess {
  readonly record: RunRecord;
  readonly alive: boolean;
  /** 0 where it is dead. */
  readonly memoryBytes: number;
  /** Milliseconds since it started; 0 where it is dead. */
  readonly uptimeMs: number;
}

/** The order in which people think of them: what starts first comes first. */
const roles = ["launcher", "server", "telemetry-store", "agent", "instance"];

/** Every process that has a record in the state directory, dead ones too, the system's own parts first. */
export function readSystemProcesses(state: string, nowMs: number): SystemProcess[] {
  return readRunRecords(state)
    .sort(
      (a, b) => roles.indexOf(a.role) - roles.indexOf(b.role) || a.name.localeCompare(b.name, "en", { numeric: true }),
    )
    .map((record) => {
      const alive = isAlive(record);
      return {
        record,
        alive,
        memoryBytes: alive ? (readProcess(record.pid)?.memoryBytes ?? 0) : 0,
        uptimeMs: alive ? Math.max(0, nowMs - record.startedMs) : 0,
      };
    });
}

/** The name of a process for people: an instance's service, else its role. */
export function processTitle(record: RunRecord): string {
  return record.role === "instance" ? record.name : record.role;
}
