import { join } from "node:path";
import { isOutOfSpace, type Log, writeRunRecord } from "@msec/process";

const AGAIN_MS = 1_000;

/**
 * Record that this agent runs and where it listens. While the disk is full it serves without a record, by which only people's commands find it, and is recorded when there is room.
 *
 * @param signal  ends the wait
 * @throws what the file system says, but for a full disk
 */
export function recordAgent(state: string, listen: string, log: Log, signal: AbortSignal): void {
  const record = () => writeRunRecord(state, { name: "agent", role: "agent", listen });
  try {
    record();
    return;
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
    const directory = join(state, "run");
    log.error("the disk of the run record is full: the agent serves, but commands do not find it; free space there", {
      directory,
    });
  }
  const timer = setInterval(() => {
    try {
      record();
    } catch {
      // Still full, or something else that the next attempt will find too.
      return;
    }
    clearInterval(timer);
    log.info("the disk of the run record has room again", { directory: join(state, "run") });
  }, AGAIN_MS);
  timer.unref();
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}
