import type { RunRecord } from "@msec/process";
import { stopProcesses } from "./stop-processes.ts";
import { liveRecords } from "./system-processes.ts";

// An agent stops its instances, which finish their calls; a server stops its telemetry store, which writes what it holds.
const order = ["agent", "instance", "server", "telemetry-store"] as const;
const defaultGraceMs = { agent: 20_000, instance: 5_000, server: 15_000, "telemetry-store": 10_000 };

/**
 * Stop every process of the system but the launcher, by their run records, in an order in which no process still needs one that is gone: agent
 * with its instances, server with its store.
 *
 * @param onStopped  told of each process as it is gone
 * @param graceMs    from SIGTERM to SIGKILL for a role, milliseconds; default: 20_000 for the agent, less for the others
 * @returns the records of those that could not be stopped
 */
export async function stopSystem(
  state: string,
  onStopped: (record: RunRecord) => void = () => {},
  graceMs: Partial<typeof defaultGraceMs> = {},
): Promise<RunRecord[]> {
  const left: RunRecord[] = [];
  for (const role of order) {
    // Read anew each time: stopping an agent stops its instances.
    const records = liveRecords(state).filter((record) => record.role === role);
    const stuck = await stopProcesses(state, records, graceMs[role] ?? defaultGraceMs[role]);
    left.push(...stuck);
    for (const record of records) {
      if (!stuck.includes(record)) onStopped(record);
    }
  }
  return left;
}

/** Kill every process of the system but the launcher at once. @returns those that are still there */
export async function killSystem(state: string): Promise<RunRecord[]> {
  return await stopProcesses(
    state,
    liveRecords(state).filter((record) => record.role !== "launcher"),
    0,
  );
}
