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

/** The records in the state directory, of dead processes too, the system's own parts first. */
function readOrderedRecords(state: string): RunRecord[] {
  const rank = (record: RunRecord) => roles.indexOf(record.role);
  return readRunRecords(state).sort(
    (a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, "en", { numeric: true }),
  );
}

/** The records of processes that are alive. */
export function liveRecords(state: string): RunRecord[] {
  return readOrderedRecords(state).filter(isAlive);
}

/** Every process that has a record in the state directory, dead ones too, the system's own parts first. */
export function readSystemProcesses(state: string, nowMs: number): SystemProcess[] {
  return readOrderedRecords(state).map((record) => {
    const alive = isAlive(record);
    return {
      record,
      alive,
      memoryBytes: alive ? (readProcess(record.pid)?.memoryBytes ?? 0) : 0,
      uptimeMs: alive ? Math.max(0, nowMs - record.startedMs) : 0,
    };
  });
}

/** What a process is: an instance's service, else its role. A record's name is longer where that is not unique. */
export function processName({ name, role }: RunRecord): string {
  return role === "instance" ? (/^\w+\.\w+/.exec(name)?.[0] ?? name) : role;
}

/** A process in one phrase: `agent (pid 12)`, `Flight.mod_flight 127.0.0.1:7963 (pid 34)`. */
export function processTitle(record: RunRecord): string {
  const place = record.role === "instance" && record.listen !== "" ? ` ${record.listen}` : "";
  return `${processName(record)}${place} (pid ${record.pid})`;
}
