import cluster, { type Worker } from "node:cluster";
import { WORKER_VARIABLE } from "./worker-link.ts";
import { WorkerMessage } from "./worker-message.ts";

/** From its start to its readiness a worker has so long. */
export const START_LIMIT_MS = 30_000;

/** How a worker ended, and what it had been. */
export type WorkerEnd = {
  /** For people: `exited with status 1`, `was killed by SIGKILL`, `did not answer for 10 s and was killed`. */
  readonly how: string;
  /** Exit status; `null` where a signal ended it. */
  readonly status: number | null;
  readonly ranMs: number;
};

/**
 * One worker process, as its controller sees it.
 *
 * States: `starting` → `ready` (it said so) → `stopping` (it was told to stop or leave); each → `ended` (its exit). The controller tells it to stop; it is killed
 * here when it is not ready in time or does not answer pings.
 */
export class WorkerProcess {
  readonly number: number;
  readonly pid: number;
  /** Whether it was ever ready; `false` when it ended before. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<WorkerEnd>;
  isReady = false;
  readonly #worker: Worker;
  readonly #startedMs = performance.now();
  readonly #startLimit: NodeJS.Timeout;
  #answeredMs = 0;
  #killedBecause: string | undefined;

  /** Starts it. @param number  1 and up; @param environment  beside that of the controller */
  constructor(number: number, environment: Readonly<Record<string, string>>) {
    this.number = number;
    this.#worker = cluster.fork({ ...environment, [WORKER_VARIABLE]: String(number) });
    this.pid = this.#worker.process.pid ?? 0;
    const ready = Promise.withResolvers<boolean>();
    const ended = Promise.withResolvers<WorkerEnd>();
    this.ready = ready.promise;
    this.ended = ended.promise;
    this.#startLimit = setTimeout(
      () => this.#kill(`was not ready ${START_LIMIT_MS / 1_000} s after its start and was killed`),
      START_LIMIT_MS,
    );
    this.#worker.on("message", (message) => {
      this.#answeredMs = performance.now();
      if (message !== WorkerMessage.Ready) return;
      clearTimeout(this.#startLimit);
      this.isReady = true;
      ready.resolve(true);
    });
    const end = (how: string, status: number | null) => {
      clearTimeout(this.#startLimit);
      this.isReady = false;
      ready.resolve(false);
      ended.resolve({ how: this.#killedBecause ?? how, status, ranMs: performance.now() - this.#startedMs });
    };
    this.#worker.on("exit", (status, signal) => {
      end(signal ? `was killed by ${signal}` : `exited with status ${status}`, signal ? null : status);
    });
    // It could not even be started (too many processes): no exit follows.
    this.#worker.process.on("error", (error) => {
      if (this.pid === 0) end(`could not be started: ${error.message}`, 1);
    });
  }

  /** Asks whether its event loop runs, and kills it when it has not answered for too long. */
  beat(heartbeatMs: number): void {
    if (!this.isReady) return;
    if (performance.now() - this.#answeredMs > heartbeatMs) {
      this.#kill(`did not answer for ${heartbeatMs / 1_000} s and was killed`);
    } else {
      this.#send(WorkerMessage.Ping);
    }
  }

  /** Counts its silence from now. */
  forgive(): void {
    this.#answeredMs = performance.now();
  }

  /** Has it finish and end, and kills it when it has not after `limitMs`. */
  finish(message: typeof WorkerMessage.Stop | typeof WorkerMessage.Leave, limitMs: number): Promise<WorkerEnd> {
    this.#send(message);
    const timer = setTimeout(() => this.#kill(`did not end within ${limitMs / 1_000} s and was killed`), limitMs);
    void this.ended.then(() => clearTimeout(timer));
    return this.ended;
  }

  /** Ends it at once. */
  kill(): void {
    this.#kill("was killed");
  }

  #kill(why: string): void {
    this.#killedBecause ??= why;
    this.#worker.process.kill("SIGKILL");
  }

  #send(message: WorkerMessage): void {
    // One that has just ended hears nothing; its exit follows.
    if (this.#worker.isConnected()) this.#worker.send(message, () => {});
  }
}
