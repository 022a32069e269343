import cluster from "node:cluster";
import type { ReloadMessage, ReloadResult, ReplacedWorker } from "@msec/process/controller";
import { BackOff, compileCacheEnvironment } from "@msec/process/controller";
import type { ControllerSettings } from "./controller-settings.ts";
import { WorkerMessage } from "./worker-message.ts";
import { type WorkerEnd, WorkerProcess } from "./worker-process.ts";

// A worker's own grace is 10 s for its calls and 5 s for its telemetry; see serve.ts.
const STOP_LIMIT_MS = 16_000;
// An instance none of whose workers has served for this long is given up, so that its supervisor sees that it fails.
const DEAD_LIMIT_MS = 30_000;

// A spare that ends by itself (the kernel was short of memory) costs no caller anything: the next one can wait.
const SPARE_PAUSES = { firstMs: 1_000, maxMs: 60_000 };

const STOPPING = "the service is stopping";

type Outcome =
  | { readonly ok: true; readonly workers: readonly ReplacedWorker[] }
  | { readonly ok: false; readonly reason: string };

/** One of the places that a worker fills; who fills it changes. */
type Seat = { readonly number: number; readonly backOff: BackOff; worker: WorkerProcess | undefined };

/**
 * Keeps the workers of one service instance running.
 *
 * States: `starting` (the first worker) → `serving` ⇄ `reloading` → `stopping` → ended. `reload` and `stop` are asked for by whoever owns the process; the rest
 * comes from the workers.
 *
 * @see docs/decisions/0004-worker-processes.md
 */
export class Controller {
  readonly #settings: ControllerSettings;
  readonly #say: (text: string) => void;
  readonly #seats: Seat[];
  readonly #environment: Readonly<Record<string, string>>;
  /** Everybody that is alive, those that are replaced or were never ready included. */
  readonly #alive = new Set<WorkerProcess>();
  readonly #finished = Promise.withResolvers<number>();
  readonly #spareBackOff = new BackOff(SPARE_PAUSES);
  /** Has loaded the SDK, or is about to, and waits for a seat. */
  #spare: WorkerProcess | undefined;
  #isStopping = false;
  /** When a worker was last seen to serve; `undefined` before the first. */
  #servedMs: number | undefined;
  #reload: Promise<ReloadResult> | undefined;
  /** The one after that, for those who asked too late for it, and who is told of that one. */
  #reloadAgain: Promise<ReloadResult> | undefined;
  #tellAgain = new Set<(message: ReloadMessage) => void>();

  /** @param say  hears, in sentences, what happens */
  constructor(settings: ControllerSettings, say: (text: string) => void) {
    this.#settings = settings;
    this.#say = say;
    // A choice made by whoever started this process takes precedence.
    this.#environment = process.env.NODE_COMPILE_CACHE === undefined ? compileCacheEnvironment() : {};
    this.#seats = Array.from({ length: settings.workers }, (_, index) => ({
      number: index + 1,
      backOff: new BackOff({ firstMs: 10, maxMs: 5_000 }),
      worker: undefined,
    }));
  }

  /** Starts the workers and looks after them. @returns the exit status, when all is over */
  async run(): Promise<number> {
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      exec: this.#settings.program,
      args: [...this.#settings.arguments],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const beats = this.#beat();
    const first = this.#start(this.#seats[0]!);
    if (await first.ready) {
      for (const seat of this.#seats.slice(1)) this.#fill(seat);
      this.#fill(this.#seats[0]!, first);
      this.#keepSpare();
    } else if (!this.#isStopping) {
      // It has said why itself.
      this.#finished.resolve((await first.ended).status || 1);
    }
    const status = await this.#finished.promise;
    clearInterval(beats);
    for (const worker of this.#alive) worker.kill();
    return status;
  }

  /**
   * Replaces all workers by ones that run the code as it is now. Asked again meanwhile, it does so once more, once for all that ask.
   *
   * @param tell  hears of each new worker that serves
   * @returns how it ended; never rejects
   */
  reload(tell?: (message: ReloadMessage) => void): Promise<ReloadResult> {
    if (this.#reload !== undefined) {
      this.#reloadAgain ??= this.#reload.then(() => {
        this.#reloadAgain = undefined;
        return this.reload();
      });
      if (tell !== undefined) this.#tellAgain.add(tell);
      return this.#reloadAgain;
    }
    const told = tell === undefined ? this.#tellAgain : this.#tellAgain.add(tell);
    this.#tellAgain = new Set();
    const beganMs = performance.now();
    this.#reload = this.#replaceAll((message) => {
      for (const each of told) each(message);
    })
      .then((result) => ({ ...result, tookMs: Math.round(performance.now() - beganMs) }))
      .finally(() => {
        this.#reload = undefined;
        this.#keepSpare();
      });
    return this.#reload;
  }

  /** Has all workers finish and end. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const ends = await Promise.all(
      [...this.#alive].map(async (worker) => ({
        worker,
        end: await worker.finish(WorkerMessage.Stop, STOP_LIMIT_MS),
      })),
    );
    for (const { worker, end } of ends) {
      // A signal to the whole group ends a spare before our word does.
      if (end.status === null && worker.number !== 0) this.#say(`${titleOf(worker)} ${end.how}`);
    }
    this.#finished.resolve(0);
  }

  /** Ends at once, with all workers. */
  abandon(): void {
    this.#isStopping = true;
    this.#finished.resolve(1);
  }

  #start({ number }: Pick<Seat, "number">): WorkerProcess {
    const worker = new WorkerProcess(number, this.#environment, this.#settings.nodeArguments);
    this.#alive.add(worker);
    void worker.ready.then((isReady) => {
      if (isReady) this.#servedMs = performance.now();
    });
    void worker.ended.then(() => this.#alive.delete(worker));
    return worker;
  }

  /** For a seat whose worker has ended: the spare, else one that begins at its beginning. */
  #startAgain(seat: Seat): WorkerProcess {
    const spare = this.#spare;
    if (spare === undefined) return this.#start(seat);
    this.#spare = undefined;
    spare.takeSeat(seat.number);
    return spare;
  }

  /** Starts a spare where there is to be one and is none, as soon as every seat has a worker that serves: it is not to take processor time from those that start. */
  #keepSpare(): void {
    if (!this.#settings.spare || this.#spare !== undefined || this.#isStopping || this.#reload !== undefined) return;
    if (!this.#seats.every(({ worker }) => worker?.isReady === true)) return;
    const spare = this.#start({ number: 0 });
    this.#spare = spare;
    void spare.ended.then(({ ranMs }) => {
      if (this.#spare !== spare) return;
      this.#spare = undefined;
      setTimeout(() => this.#keepSpare(), this.#spareBackOff.afterExit(ranMs)).unref();
    });
  }

  /** What it has loaded may be older than what a reload is for. */
  #dropSpare(): void {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) void spare.finish(WorkerMessage.Stop, STOP_LIMIT_MS);
  }

  #fill(seat: Seat, worker = this.#start(seat)): void {
    seat.worker = worker;
    void worker.ready.then(() => this.#keepSpare());
    void worker.ended.then((end) => {
      // Replaced by a reload: it was told to go.
      if (seat.worker === worker) this.#refill(seat, worker, end);
    });
  }

  #refill(seat: Seat, worker: WorkerProcess, { how, ranMs }: WorkerEnd): void {
    seat.worker = undefined;
    if (this.#isStopping) return;
    const pauseMs = seat.backOff.afterExit(ranMs);
    // Said after the pause: a stop for all of us may have reached it first.
    setTimeout(() => {
      if (this.#isStopping || seat.worker !== undefined) return;
      this.#say(`${titleOf(worker)} ${how}; starting another`);
      this.#fill(seat, this.#startAgain(seat));
    }, pauseMs);
  }

  async #replaceAll(tell: (message: ReloadMessage) => void): Promise<Outcome> {
    if (this.#isStopping) return { ok: false, reason: STOPPING };
    this.#say("reloading: starting new workers");
    this.#dropSpare();
    const fresh: WorkerProcess[] = [];
    for (const seat of this.#seats) {
      // The first alone: code that cannot start is tried once.
      const worker = this.#start(seat);
      fresh.push(worker);
      void worker.ready.then((isReady) => {
        if (isReady) tell({ ready: { worker: worker.number, pid: worker.pid, of: this.#seats.length } });
      });
      if (fresh.length === 1) await worker.ready;
      if (!worker.isReady && fresh.length === 1) break;
    }
    const allReady = (await Promise.all(fresh.map(({ ready }) => ready))).every(Boolean);
    if (this.#isStopping) return { ok: false, reason: STOPPING };
    if (!allReady || !fresh.every(({ isReady }) => isReady)) {
      for (const worker of fresh) if (this.#alive.has(worker)) void worker.finish(WorkerMessage.Stop, STOP_LIMIT_MS);
      this.#say("reload failed: a new worker did not start (its own words are above); the old ones go on");
      return { ok: false, reason: "a new worker did not start; the old ones go on" };
    }
    const old = this.#seats.map((seat, index) => {
      const before = seat.worker;
      this.#fill(seat, fresh[index]!);
      return before;
    });
    await Promise.all(old.map((worker) => worker?.finish(WorkerMessage.Leave, STOP_LIMIT_MS)));
    this.#say(`reloaded: ${fresh.map(titleOf).join(", ")}`);
    const workers = fresh.map(({ number, pid }, index) => ({ worker: number, pid, before: old[index]?.pid ?? 0 }));
    return { ok: true, workers };
  }

  #beat(): NodeJS.Timeout {
    const { heartbeatMs, nodeArguments } = this.#settings;
    const everyMs = Math.min(5_000, heartbeatMs / 3);
    const isDebugged = nodeArguments.some((argument) => argument.startsWith("--inspect"));
    let beatMs = performance.now();
    return setInterval(() => {
      const nowMs = performance.now();
      // This process itself did not run (stopped, suspended): what the others did meanwhile is not known.
      const wasAway = nowMs - beatMs > everyMs + heartbeatMs / 3;
      beatMs = nowMs;
      for (const worker of this.#alive) {
        if (wasAway) worker.forgive();
        if (!isDebugged) worker.beat(heartbeatMs);
      }
      this.#checkServed(nowMs);
    }, everyMs);
  }

  #checkServed(nowMs: number): void {
    if ([...this.#alive].some(({ isReady }) => isReady)) this.#servedMs = nowMs;
    // The first start has its own limit, after which the controller ends anyway.
    else if (!this.#isStopping && this.#servedMs !== undefined && nowMs - this.#servedMs > DEAD_LIMIT_MS) {
      this.#say(`no worker has served for ${DEAD_LIMIT_MS / 1_000} s; giving up`);
      this.#finished.resolve(1);
    }
  }
}

function titleOf({ number, pid }: WorkerProcess): string {
  return `worker ${number} (pid ${pid})`;
}
