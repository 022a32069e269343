import { isAlive, type RunRecord, removeRunRecord, systemErrorCode, waitGone } from "@msec/process";

/**
 * Stop processes by their records: SIGTERM, and SIGKILL to those that are still there after the grace. Records of what is
 * gone are removed.
 *
 * @param graceMs  0: kill at once
 * @returns the records of those that even SIGKILL did not end (of another user, or stuck in the kernel)
 */
export async function stopProcesses(
  state: string,
  records: readonly RunRecord[],
  graceMs: number,
): Promise<RunRecord[]> {
  const left = await Promise.all(
    records.map(async (record) => {
      if (graceMs > 0) signalProcess(record, "SIGTERM");
      if (graceMs > 0 && (await waitGone(record, graceMs))) return undefined;
      signalProcess(record, "SIGKILL");
      return (await waitGone(record, 5_000)) ? undefined : record;
    }),
  );
  for (const record of records) {
    if (!isAlive(record)) removeRunRecord(state, record.name, record.pid);
  }
  return left.filter((record) => record !== undefined);
}

function signalProcess(record: RunRecord, signal: NodeJS.Signals): void {
  if (!isAlive(record)) return;
  try {
    process.kill(record.pid, signal);
  } catch (error) {
    // ESRCH: gone in this moment. EPERM: of another user; it is reported as one that did not end.
    const code = systemErrorCode(error);
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
