import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Assignment } from "@msec/api/agent/v1/control_pb.js";
import {
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
import { instanceFileName, instanceLaunch, listenOf, serviceDirectories } from "./instance-launch.ts";
import { groupListensOn } from "./listening-port.ts";

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
/** A program without a port that does not register counts as running after this. */
const SILENT_START_MS = 10_000;

/** One instance that this host runs (or keeps stopped), with the process that is it. */
export class Instance {
  readonly assignment: Assignment;
  readonly listen: string;
  readonly supervised: Supervised;
  readonly #options: InstanceOptions;
  readonly #recordName: string;
  /** Processes of its group that registered as this instance, beside the one that was started; those that have ended too. */
  #workers = new Set<number>();
  #registered: (() => void) | undefined;

  constructor(assignment: Assignment, options: InstanceOptions) {
    this.assignment = assignment;
    this.listen = listenOf(assignment);
    this.#options = options;
    const fileName = instanceFileName(assignment);
    this.#recordName = `${assignment.service}-${fileName}`;
    this.supervised = supervise({
      launch: () => instanceLaunch(options.root, options.socket, assignment),
      output: { file: join(serviceDirectories(options.root, assignment.service).log, `${fileName}.log`) },
      readyTimeoutMs: options.readyTimeoutMs ?? 30_000,
      ready: (run, signal) => this.#ready(run, signal),
      onSpawn: (run) => this.#record(run),
      onChange: () => this.#changed(),
    });
  }

  /** Start it, unless it runs already: then it is taken over. */
  start(): void {
    if (!this.adopt()) this.supervised.start();
  }

  /** Take over the process that an earlier agent started. @returns false when there is none */
  adopt(): boolean {
    const record = readRunRecord(this.#options.state, this.#recordName);
    const ours = record !== undefined && record.instanceId === this.assignment.instanceId;
    if (!ours || !this.supervised.adopt(record)) return false;
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
    this.#registered?.();
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

  #ready(run: SupervisedRun, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#registered = resolve;
    this.#looksReady(run, signal).then(resolve, (error: unknown) => (signal.aborted ? resolve() : reject(error)));
    return promise;
  }

  /** For programs that do not register: their port is open, or, without one, they live on. */
  async #looksReady(run: SupervisedRun, signal: AbortSignal): Promise<void> {
    const { port } = this.assignment;
    if (port === 0) {
      await delay(SILENT_START_MS, undefined, { signal });
      return;
    }
    // One that ran before us has its port open already, or never will.
    if (!run.adopted) await delay(PORT_CHECK_MS, undefined, { signal });
    while (!groupListensOn(run.pid, port)) await delay(PORT_CHECK_MS, undefined, { signal });
  }

  #record(run: SupervisedRun): void {
    const { instanceId } = this.assignment;
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
