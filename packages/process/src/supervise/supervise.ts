import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { systemErrorCode } from "../node-error.ts";
import { ageMsOf, startTicksOf } from "../read-process.ts";
import { isAlive, type RunRecord } from "../state/run-record.ts";
import { UserError } from "../user-error.ts";
import { BackOff, type BackOffOptions } from "./back-off.ts";
import { OutputFile, type OutputFileOptions } from "./output-file.ts";
import { nextSupervisedState, type SupervisedEvent, type SupervisedState } from "./supervised-state.ts";

/** One run of a supervised process. */
export interface SupervisedRun {
  readonly pid: number;
  /** See `RunRecord`. */
  readonly startTicks: number;
  readonly startedMs: number;
  /** Whether it ran before its supervisor did (see `adopt`). */
  readonly adopted: boolean;
}

/** A program to start. */
export interface Launch {
  /** Absolute path, or a name to be found in the PATH of `env`. */
  readonly command: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** The whole environment of the process; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
}

/** What to run and how to look after it. */
export interface SuperviseOptions extends Partial<Launch> {
  /**
   * Says what to run, asked anew before each start, instead of `command`, `args`, `cwd` and `env`: for programs whose
   * configuration may change between two starts. What it throws counts as a start that failed.
   */
  readonly launch?: () => Launch;
  /** Takes stdout and stderr. */
  readonly output: OutputFileOptions;
  readonly backOff?: BackOffOptions;
  /**
   * Settles when the process has shown that it serves. Default: at once.
   * The signal aborts when the run ends first; a rejection counts as a start that failed.
   */
  readonly ready?: (run: SupervisedRun, signal: AbortSignal) => Promise<void>;
  /** A process that is not ready after this is killed and started again, milliseconds; default 30_000. */
  readonly readyTimeoutMs?: number;
  /** From SIGTERM to SIGKILL, milliseconds; default 10_000. */
  readonly graceMs?: number;
  /** Called synchronously after each spawn: the place to write a run record. */
  readonly onSpawn?: (run: SupervisedRun) => void;
  /** Called after each change of state, restart count or reason. */
  readonly onChange?: (supervised: Supervised) => void;
}

/** Enough for the error that Node prints when it dies, with its code. */
const LAST_LINES = 10;
const ROTATION_CHECK_MS = 5_000;
/** How often an adopted process is looked at: nobody tells us when one that is not our child ends. */
const ADOPTED_CHECK_MS = 200;

/**
 * Look after one process: start it, see that it serves, start it again when it ends, stop it.
 *
 * The process runs detached, in a process group of its own, and writes to a file: it survives its supervisor, and a new one
 * takes it over with `adopt`. Nothing is started before `start` or `adopt`.
 */
export function supervise(options: SuperviseOptions): Supervised {
  return new Supervised(options);
}

/** A process under supervision; its states and who changes them are in `SUPERVISED_TRANSITIONS`. */
export class Supervised {
  readonly #options: SuperviseOptions;
  readonly #output: OutputFile;
  readonly #backOff: BackOff;
  #state: SupervisedState = "stopped";
  #reason = "";
  #command = "";
  /** Why we killed the present run, if we did: says more than the exit it leads to. */
  #killedBecause: string | undefined;
  #restarts = 0;
  #run: SupervisedRun | undefined;
  /** When the run began, on the clock of `performance.now`, which nobody sets. */
  #beganMs = 0;
  #child: ChildProcess | undefined;
  #startAfterExit = false;
  #released = false;
  /** Aborted when the present run ends: stops its ready check and its timers. */
  #runEnd = new AbortController();
  #retryTimer: NodeJS.Timeout | undefined;
  readonly #stopWaiters = new Set<() => void>();

  constructor(options: SuperviseOptions) {
    this.#options = options;
    this.#output = new OutputFile(options.output);
    this.#backOff = new BackOff(options.backOff);
  }

  get state(): SupervisedState {
    return this.#state;
  }

  /** The last exit that nobody asked for, with the last lines of output, for people; empty when there was none since `start`. */
  get reason(): string {
    return this.#reason;
  }

  /** How often it was started again since it is supervised. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The run that is alive, if one is. */
  get run(): SupervisedRun | undefined {
    return this.#run;
  }

  /** The last lines that this run has written, at most so many; see `OutputFile`. */
  lastLines(lines: number): string[] {
    return this.#output.lastLines(lines);
  }

  /** Have it run. Nothing happens when it does; one that backs off is started at once. */
  start(): void {
    if (this.#state === "stopping") this.#startAfterExit = true;
    if (!this.#apply("start")) return;
    this.#backOff.reset();
    this.#reason = "";
    this.#spawn();
  }

  /**
   * Take over a process that runs already, as its record says, instead of starting one.
   *
   * @returns false when that process is not alive (any more); nothing has changed then
   */
  adopt(record: Pick<RunRecord, "pid" | "startTicks" | "startedMs">): boolean {
    if (this.#state !== "stopped" || !isAlive(record)) return false;
    this.#apply("start");
    this.#begin({ pid: record.pid, startTicks: record.startTicks, startedMs: record.startedMs, adopted: true });
    const timer = setInterval(() => {
      if (!isAlive(record)) this.#ended("ended (it was not started by this agent, so its status is unknown)");
    }, ADOPTED_CHECK_MS);
    this.#runEnd.signal.addEventListener("abort", () => clearInterval(timer));
    return true;
  }

  /**
   * Have it stopped: SIGTERM to its process group, SIGKILL after the grace.
   *
   * @param graceMs  default: the option's
   * @returns settles when it has ended; at once after `release`
   */
  async stop(graceMs: number = this.#options.graceMs ?? 10_000): Promise<void> {
    if (this.#released) return;
    this.#startAfterExit = false;
    clearTimeout(this.#retryTimer);
    if (this.#apply("stop")) {
      this.#reason = "";
      if (this.#run !== undefined) signalGroup(this.#run, "SIGTERM");
      this.#changed();
    }
    // Also when it was asked before: this caller's patience may be shorter.
    if (this.#state === "stopping") this.#killLater(graceMs);
    if (this.#state === "stopping") await new Promise<void>((resolve) => this.#stopWaiters.add(resolve));
  }

  /**
   * End the present run because of something that was seen of it: SIGTERM, SIGKILL after the grace. It counts as an exit that nobody
   * asked for, so it starts again after the back-off.
   *
   * @param why  what was seen, for people; part of `reason`
   */
  fail(why: string): void {
    const run = this.#run;
    if (run === undefined || this.#state === "stopping" || this.#killedBecause !== undefined) return;
    this.#killedBecause = why;
    signalGroup(run, "SIGTERM");
    this.#killLater(this.#options.graceMs ?? 10_000);
  }

  /** End the supervision and leave the process alone, running or not. */
  release(): void {
    this.#released = true;
    this.#runEnd.abort();
    clearTimeout(this.#retryTimer);
    this.#child?.removeAllListeners();
    this.#child?.unref();
    for (const resolve of this.#stopWaiters) resolve();
  }

  #apply(event: SupervisedEvent): boolean {
    const next = nextSupervisedState(this.#state, event);
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }

  #changed(): void {
    this.#options.onChange?.(this);
  }

  #spawn(): void {
    const startedMs = Date.now();
    try {
      const launch = launchOf(this.#options);
      this.#command = launch.command;
      const output = this.#output.open();
      try {
        this.#child = spawn(launch.command, [...(launch.args ?? [])], {
          cwd: launch.cwd,
          env: launch.env,
          detached: true,
          stdio: ["ignore", output, output],
        });
      } finally {
        closeSync(output);
      }
    } catch (error) {
      this.#failedToStart(error);
      return;
    }
    const child = this.#child;
    child.once("error", (error) => this.#failedToStart(error));
    child.once("exit", (code, signal) =>
      this.#ended(signal === null ? `exited with status ${code}` : `was killed by ${signal}`),
    );
    // Not even forked (ENOENT, EAGAIN): the error event follows.
    if (child.pid === undefined) return;
    // Readable even when it has ended already: Node has not yet reaped it.
    this.#begin({ pid: child.pid, startTicks: startTicksOf(child.pid) ?? 0, startedMs, adopted: false });
  }

  #begin(run: SupervisedRun): void {
    this.#run = run;
    this.#beganMs = performance.now() - (run.adopted ? ageMsOf(run.startTicks) : 0);
    this.#runEnd = new AbortController();
    const { signal } = this.#runEnd;
    if (!run.adopted) this.#options.onSpawn?.(run);
    this.#watchReady(run, signal);
    const rotation = setInterval(() => this.#rotate(), ROTATION_CHECK_MS).unref();
    signal.addEventListener("abort", () => clearInterval(rotation));
    this.#changed();
  }

  #watchReady(run: SupervisedRun, signal: AbortSignal): void {
    const timeoutMs = this.#options.readyTimeoutMs ?? 30_000;
    const giveUp = (why: string) => {
      if (signal.aborted || this.#state !== "starting") return;
      this.#killedBecause = why;
      signalGroup(run, "SIGKILL");
    };
    const timer = setTimeout(
      () => giveUp(`was not ready ${timeoutMs / 1000} s after its start and was killed`),
      timeoutMs,
    );
    signal.addEventListener("abort", () => clearTimeout(timer));
    Promise.resolve(this.#options.ready?.(run, signal)).then(
      () => {
        clearTimeout(timer);
        if (!signal.aborted && this.#apply("ready")) this.#changed();
      },
      (error: unknown) => giveUp(error instanceof Error ? error.message : String(error)),
    );
  }

  #rotate(): void {
    try {
      this.#output.rotateIfLarge();
    } catch {
      // A directory that was taken away, or made read-only: the process goes on, and the next start says what is wrong with it.
    }
  }

  #failedToStart(error: unknown): void {
    if (error instanceof UserError) {
      this.#ended(`could not be started: ${error.message}${error.hint === "" ? "" : `; ${error.hint}`}`);
      return;
    }
    const code = systemErrorCode(error);
    const why = code === "ENOENT" ? "there is no such program or directory" : (code ?? String(error));
    this.#ended(`could not be started: ${this.#command}: ${why}`);
  }

  #ended(how: string): void {
    if (this.#released) return;
    this.#runEnd.abort();
    // The rest of its group (children of a script) would hold ports and go on unseen.
    if (this.#run !== undefined) signalGroup({ ...this.#run, startTicks: undefined }, "SIGKILL");
    const ranMs = this.#run === undefined ? 0 : performance.now() - this.#beganMs;
    const asked = this.#state === "stopping";
    this.#reason = asked ? "" : describeExit(this.#killedBecause ?? how, this.#output);
    this.#run = undefined;
    this.#child = undefined;
    this.#killedBecause = undefined;
    this.#apply("exit");
    if (!asked) this.#retryTimer = setTimeout(() => this.#retry(), this.#backOff.afterExit(ranMs));
    this.#changed();
    if (asked) this.#stopped();
  }

  #stopped(): void {
    for (const resolve of this.#stopWaiters) resolve();
    this.#stopWaiters.clear();
    if (!this.#startAfterExit) return;
    this.#startAfterExit = false;
    this.start();
  }

  #retry(): void {
    if (!this.#apply("retry")) return;
    this.#restarts++;
    this.#spawn();
  }

  #killLater(graceMs: number): void {
    const run = this.#run;
    if (run === undefined) return;
    const timer = setTimeout(() => signalGroup(run, "SIGKILL"), graceMs);
    this.#runEnd.signal.addEventListener("abort", () => clearTimeout(timer));
  }
}

function launchOf(options: SuperviseOptions): Launch {
  if (options.launch !== undefined) return options.launch();
  const { command, args = [], cwd, env } = options;
  if (command === undefined || env === undefined) throw new TypeError("supervise needs command and env, or launch");
  return { command, args, env, ...(cwd === undefined ? {} : { cwd }) };
}

/** Signal the process group of a run, unless its leader is gone and the number may be somebody else's. */
function signalGroup(
  run: { readonly pid: number; readonly startTicks: number | undefined },
  signal: NodeJS.Signals,
): void {
  if (run.startTicks !== undefined && startTicksOf(run.pid) !== run.startTicks) return;
  try {
    process.kill(-run.pid, signal);
  } catch (error) {
    // ESRCH: all of it is gone. EPERM: what is left runs as somebody else, and is not ours to end.
    const code = systemErrorCode(error);
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

function describeExit(how: string, output: OutputFile): string {
  const lines = output.lastLines(LAST_LINES);
  return lines.length === 0 ? how : `${how}; its last output: ${lines.join(" | ")}`;
}
