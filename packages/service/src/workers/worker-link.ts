import cluster from "node:cluster";
import { flushCompileCache } from "node:module";
import { WorkerMessage } from "./worker-message.ts";

/** The environment variable that says which of the workers a process is. */
export const WORKER_VARIABLE = "MSEC_WORKER";

let known: number | undefined;

/**
 * Which worker of its service this process is, 1 and up; `undefined` in a process that is none.
 *
 * A program that a worker starts inherits the variable but not the channel: it is none.
 */
export function currentWorker(): number | undefined {
  if (known === undefined && cluster.isWorker && process.connected === true) {
    const number = Number(process.env[WORKER_VARIABLE]);
    if (Number.isInteger(number) && number > 0) known = number;
    // Not for programs that this one starts.
    delete process.env[WORKER_VARIABLE];
  }
  return known;
}

/** What a worker does when its controller says so. */
export type WorkerDuties = {
  /** Resolves when callers can reach it. */
  readonly ready: Promise<unknown>;
  /** Finish and end. `leaving`: others serve the port already. Called once. */
  readonly stop: (leaving: boolean) => void;
};

/** Answers the controller from now on. */
export function followController({ ready, stop }: WorkerDuties): void {
  let stopping = false;
  const stopOnce = (leaving: boolean) => {
    if (stopping) return;
    stopping = true;
    stop(leaving);
  };
  process.on("message", (message) => {
    if (message === WorkerMessage.Ping) say(WorkerMessage.Pong);
    else if (message === WorkerMessage.Stop) stopOnce(false);
    else if (message === WorkerMessage.Leave) stopOnce(true);
  });
  // Node would end the process at once when the controller is gone; but its calls can be finished.
  if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
  process.on("disconnect", () => stopOnce(false));
  // What went wrong instead is said, and ends the process, where the service was started.
  ready.then(
    () => {
      say(WorkerMessage.Ready);
      // Node would do it at its end; one that is killed has none.
      flushCompileCache();
    },
    () => {},
  );
}

function say(message: WorkerMessage): void {
  // A controller that is gone hears nothing; `disconnect` follows.
  if (process.connected === true) process.send?.(message, () => {});
}
