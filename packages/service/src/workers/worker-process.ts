import cluster, { type Worker } from "node:cluster";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { SPARE_VARIABLE } from "./spare-link.ts";
import { WORKER_VARIABLE } from "./worker-link.ts";
import { type TakeSeat, WorkerMessage } from "./worker-message.ts";

const WAIT_FOR_SEAT = pathToFileURL(join(import.meta.dirname, "wait-for-seat.ts")).href;

/** How long a worker has to become ready, from its start or from when it was given its seat. */
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
 * States: `spare` (it waits for a seat; most workers never were) → `starting` → `ready` (it said so) → `stopping` (it was told to stop or leave); each → `ended` (its exit).
 * The controller gives it its seat and tells it to stop; it is killed here when it is not ready in time or does not answer pings.
 */
export class WorkerProcess {
  readonly pid: number;
  /** Whether it was ever ready; `false` when it ended before. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<WorkerEnd>;
  isReady = false;
  readonly #worker: Worker;
  /** 0: a spare. */
  #number: number;
  #startedMs = performance.now();
  #startLimit: NodeJS.Timeout | undefined;
  #answeredMs = 0;
  #killedBecause: string | undefined;

  /**
   * Starts it.
   *
   * @param number  1 and up; 0: a spare, which loads the SDK and waits for `takeSeat` before it begins with the program
   * @param environment  beside that of the controller
   * @param nodeArguments  options of Node
   */
  constructor(number: number, environment: Readonly<Record<string, string>>, nodeArguments: readonly string[]) {
    this.#number = number;
    const isSpare = number === 0;
    cluster.setupPrimary({ execArgv: [...nodeArguments, ...(isSpare ? ["--import", WAIT_FOR_SEAT] : [])] });
    const own = isSpare ? { [SPARE_VARIABLE]: "1" } : { [WORKER_VARIABLE]: String(number) };
    this.#worker = cluster.fork({ ...environment, ...own });
    this.pid = this.#worker.process.pid ?? 0;
    const ready = Promise.withResolvers<boolean>();
    const ended = Promise.withResolvers<WorkerEnd>();
    this.ready = ready.promise;
    this.ended = ended.promise;
    if (!isSpare) this.#limitStart();
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

  /** Which of the service's workers it is, 1 and up; 0 while it is a spare. */
  get number(): number {
    return this.#number;
  }

  /** A spare becomes the worker of this number, and begins with the program. */
  takeSeat(number: number): void {
    this.#number = number;
    this.#startedMs = performance.now();
    this.#limitStart();
    this.#send({ takeSeat: number });
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

  #limitStart(): void {
    this.#startLimit = setTimeout(
      () => this.#kill(`was not ready ${START_LIMIT_MS / 1_000} s after its start and was killed`),
      START_LIMIT_MS,
    );
  }

  #kill(why: string): void {
    this.#killedBecause ??= why;
    this.#worker.process.kill("SIGKILL");
  }

  #send(message: WorkerMessage | TakeSeat): void {
    // One that has just ended hears nothing; its exit follows.
    if (this.#worker.isConnected()) this.#worker.send(message, () => {});
  }
}
