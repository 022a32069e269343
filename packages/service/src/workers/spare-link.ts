import { WORKER_VARIABLE } from "./worker-link.ts";
import { isTakeSeat, WorkerMessage } from "./worker-message.ts";

/** The environment variable that a spare worker is started with. */
export const SPARE_VARIABLE = "MSEC_SPARE_WORKER";

/** Whether this process is a spare worker that waits for a seat. */
export function isSpare(): boolean {
  const spare = process.env[SPARE_VARIABLE] !== undefined && process.connected === true;
  // Not for programs that this one starts.
  delete process.env[SPARE_VARIABLE];
  return spare;
}

/**
 * Resolves when the controller has a seat for this spare worker, which then is that worker; ends the process when the controller wants it no longer.
 */
export function followSeat(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const hear = (message: unknown) => {
    // Nothing of the program has run: there is nothing to finish.
    if (message === WorkerMessage.Stop || message === WorkerMessage.Leave) process.exit(0);
    if (!isTakeSeat(message)) return;
    process.off("message", hear);
    process.env[WORKER_VARIABLE] = String(message.takeSeat);
    resolve();
  };
  process.on("message", hear);
  return promise;
}
