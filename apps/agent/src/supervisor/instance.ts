import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Assignment } from "@msec/api/agent/v1/control_pb.js";
import {
  type Launch,
  type Log,
  type ProcessInfo,
  readProcess,
  readRunRecord,
  removeRunRecord,
  type Supervised,
  type SupervisedRun,
  supervise,
  writeRunRecord,
} from "@msec/process";
import {
  instanceFileName,
  instanceLaunch,
  listenOf,
  outputLimits,
  readGeneration,
  serviceDirectories,
} from "./instance-launch.ts";
import { RELEASE_VARIABLE, readRelease, releaseOfProcess } from "./instance-release.ts";
import { groupListensOn } from "./listening-port.ts";
import { treeMemoryBytes } from "./process-tree.ts";

/** Where instances live and whom to tell. */
export interface InstanceOptions {
  readonly state: string;
  readonly root: string;
  /** The agent's unix socket. */
  readonly socket: string;
  readonly log: Log;
  /** Called after each change of a state. */
  readonly onChange: () => void;
  /** A start that takes longer is given up, milliseconds; default 30_000. */
  readonly readyTimeoutMs?: number;
}

/** How often a starting instance's port is looked at, and from when: an SDK has registered by then and saves us the look. */
const PORT_CHECK_MS = 250;
/** How long a program whose port is open has to register; after that it counts as one that cannot. */
const REGISTER_GRACE_MS = 1_000;
/** How often the memory of an instance with a limit is looked at. */
const MEMORY_CHECK_MS = 2_000;
/** A program without a port that does not register counts as running after this. */
const SILENT_START_MS = 10_000;

/** What one process of an instance says of its work. */
export interface ProcessLoad {
  readonly inFlight: number;
  readonly callsBegun: bigint;
}

/** What is known of an instance's run beside its state; fields of `msec.agent.v1.Process`. */
export interface InstanceFacts {
  readonly generation: bigint;
  readonly registered: boolean;
  readonly answers: boolean;
  /** Both or neither. */
  readonly inFlight?: number;
  readonly callsBegun?: bigint;
  /** Of the present or the last run, see `readRelease`; empty before the first. */
  readonly release: string;
}

/** One instance that this host runs (or keeps stopped), with the process that is it. */
export class Instance {
  readonly listen: string;
  readonly supervised: Supervised;
  readonly #options: InstanceOptions;
  readonly #recordName: string;
  /** Processes of its group that registered as this instance, beside the one that was started; those that have ended too. */
  #workers = new Set<number>();
  #assignment: Assignment;
  /** What this run was started for. */
  #generation = 0n;
  #release = "";
  #isRegistered = false;
  #answers = false;
  #onRegistered: (() => void) | undefined;
  /** By pid. */
  readonly #loads = new Map<number, ProcessLoad>();

  constructor(assignment: Assignment, options: InstanceOptions) {
    this.#assignment = assignment;
    this.listen = listenOf(assignment);
    this.#options = options;
    const fileName = instanceFileName(assignment);
    this.#recordName = `${assignment.service}-${fileName}`;
    this.supervised = supervise({
      // As it is assigned by then: settings take effect at the next start.
      launch: () => this.#launch(),
      output: {
        file: join(serviceDirectories(options.root, assignment.service).log, `${fileName}.log`),
        limits: () => outputLimits(options.root, assignment.service),
      },
      readyTimeoutMs: options.readyTimeoutMs ?? 30_000,
      ready: (run, signal) => this.#ready(run, signal),
      onSpawn: (run) => {
        this.#generation = this.#assignment.generation;
        this.#record(run);
      },
      onChange: () => this.#changed(),
    });
  }

  get assignment(): Assignment {
    return this.#assignment;
  }

  /** What was released when it started, see `readRelease`; empty where nobody knows. */
  get release(): string {
    return this.#release;
  }

  #launch(): Launch {
    const { root, socket } = this.#options;
    const launch = instanceLaunch(root, socket, this.#assignment);
    this.#release = readRelease(root, this.#assignment.service);
    return { ...launch, env: { ...launch.env, [RELEASE_VARIABLE]: this.#release } };
  }

  /** Start it, unless it runs already for the same order: then it is taken over. */
  start(): void {
    if (!this.adopt()) this.supervised.start();
    else if (this.#generation < this.#assignment.generation) void this.restart();
  }

  /** Take over what the server says now about the same instance at the same place; see `Assignment`. */
  update(assignment: Assignment): void {
    const before = this.#assignment;
    this.#assignment = assignment;
    // Ordered after a restore: the orders are counted from there on.
    this.#generation = earlierOf(this.#generation, assignment.generation);
    if (!assignment.run) void this.stop();
    else if (!before.run || assignment.generation > before.generation) void this.restart();
  }

  /** Stop what runs and start it anew. */
  async restart(): Promise<void> {
    await this.stop();
    // It may have been ordered to stop meanwhile.
    if (this.#assignment.run) this.supervised.start();
  }

  /** A process of it says what it does. */
  reportLoad(pid: number, load: ProcessLoad): void {
    this.#loads.set(pid, load);
  }

  /** What is known of its present run. */
  facts(): InstanceFacts {
    const { run } = this.supervised;
    const generation = run === undefined ? this.#assignment.generation : this.#generation;
    const facts = { generation, registered: this.#isRegistered, answers: this.#answers, release: this.#release };
    const loads = [...this.#loads].filter(([pid]) => pid === run?.pid || this.#workers.has(pid));
    if (run === undefined || loads.length === 0) return facts;
    const inFlight = loads.reduce((sum, [, load]) => sum + load.inFlight, 0);
    const callsBegun = loads.reduce((sum, [, load]) => sum + load.callsBegun, 0n);
    return { ...facts, inFlight, callsBegun };
  }

  /** Take over the process that an earlier agent started. @returns false when there is none */
  adopt(): boolean {
    const record = readRunRecord(this.#options.state, this.#recordName);
    const ours = record !== undefined && record.instanceId === this.assignment.instanceId;
    if (!ours) return false;
    this.#generation = earlierOf(readGeneration(record.pid), this.#assignment.generation);
    this.#release = releaseOfProcess(record.pid);
    if (!this.supervised.adopt(record)) return false;
    this.#options.log.info("instance adopted", { ...this.#names(), pid: record.pid });
    return true;
  }

  /** Settles when it has ended. */
  async stop(): Promise<void> {
    await this.supervised.stop();
    removeRunRecord(this.#options.state, this.#recordName, readRunRecord(this.#options.state, this.#recordName)?.pid);
  }

  /**
   * A process says that it is this instance and serves.
   *
   * @returns whether it is: the process that was started, or one of its process group
   */
  register(pid: number): boolean {
    const { run } = this.supervised;
    if (run === undefined) return false;
    if (pid !== run.pid) {
      if (readProcess(pid)?.processGroup !== run.pid) return false;
      this.#workers.add(pid);
    }
    this.#isRegistered = true;
    this.#onRegistered?.();
    return true;
  }

  /** The worker processes that serve it now, oldest first; none for an instance of one process. */
  workers(): ProcessInfo[] {
    const { run } = this.supervised;
    const found: ProcessInfo[] = [];
    for (const pid of this.#workers) {
      const info = readProcess(pid);
      if (run !== undefined && info?.processGroup === run.pid && info.state !== "Z") found.push(info);
      else this.#workers.delete(pid);
    }
    return found.sort((a, b) => a.startTicks - b.startTicks);
  }

  /**
   * Serves: its port is open, and it has registered, or is one that does not know how. Without a port: it has registered, or
   * lives on.
   */
  async #ready(run: SupervisedRun, signal: AbortSignal): Promise<void> {
    this.#watchMemory(run, signal);
    this.#isRegistered = false;
    this.#answers = false;
    const registered = Promise.withResolvers<void>();
    this.#onRegistered = registered.resolve;
    signal.addEventListener("abort", () => {
      this.#isRegistered = false;
      this.#answers = false;
      this.#loads.clear();
    });
    try {
      if (this.#assignment.port === 0) {
        await Promise.race([registered.promise, delay(SILENT_START_MS, undefined, { signal })]);
        return;
      }
      // One that ran before us has its port open already, or never will.
      if (!run.adopted) await Promise.race([registered.promise, delay(PORT_CHECK_MS, undefined, { signal })]);
      await this.#untilListening(run, signal);
      if (run.adopted) return;
      await Promise.race([registered.promise, delay(REGISTER_GRACE_MS, undefined, { signal })]);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #untilListening(run: SupervisedRun, signal: AbortSignal): Promise<void> {
    while (!groupListensOn(run.pid, this.#assignment.port)) {
      await delay(this.#isRegistered ? PORT_CHECK_MS / 10 : PORT_CHECK_MS, undefined, { signal });
    }
    this.#answers = true;
  }

  #watchMemory(run: SupervisedRun, signal: AbortSignal): void {
    const timer = setInterval(() => {
      const limit = this.#assignment.settings?.memoryBytes ?? 0;
      if (limit === 0) return;
      const used = treeMemoryBytes(run.pid);
      if (used <= limit) return;
      const mib = (bytes: number) => `${Math.round(bytes / 1024 ** 2)} MiB`;
      this.supervised.fail(`used ${mib(used)} of memory, more than its limit of ${mib(limit)}, and was ended`);
    }, MEMORY_CHECK_MS).unref();
    signal.addEventListener("abort", () => clearInterval(timer));
  }

  #record(run: SupervisedRun): void {
    const { instanceId } = this.#assignment;
    const input = { name: this.#recordName, role: "instance", listen: this.listen, pid: run.pid, instanceId };
    try {
      writeRunRecord(this.#options.state, input);
    } catch (error) {
      // It has ended already: then the exit that follows says why. Or the disk is full: it runs, but cannot be adopted.
      this.#options.log.warn("the run record of an instance was not written", { ...this.#names(), error });
    }
  }

  #changed(): void {
    const { state, reason, run, restarts } = this.supervised;
    const facts = { ...this.#names(), pid: run?.pid, restarts };
    if (state === "backing-off") this.#options.log.error("instance ended", { ...facts, reason });
    // "instance adopted" says more than that it is looked at anew.
    else if (state !== "starting" || run?.adopted !== true) this.#options.log.info(`instance ${state}`, facts);
    this.#options.onChange();
  }

  #names() {
    return { service: this.assignment.service, instance: this.listen || this.assignment.instanceId };
  }
}

function earlierOf(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
