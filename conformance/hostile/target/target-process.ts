import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { TargetPorts, TargetState } from "./target-program.ts";

/** The program under attack, in a process of its own: its memory is its alone, and its death does not end the test. */
export class TargetProcess implements AsyncDisposable {
  readonly port: number;
  /** Another port of the same process that serves the same with the listener's defaults, whatever the variant. */
  readonly patientPort: number;
  readonly #child: ChildProcess;
  readonly #output: string[];
  #blockedMs = 0;

  private constructor(child: ChildProcess, ports: TargetPorts, output: string[]) {
    this.#child = child;
    this.port = ports.port;
    this.patientPort = ports.patientPort;
    this.#output = output;
  }

  /** @param variant  see `target-program.ts` */
  static async start(variant: "tight" | "service" | "default"): Promise<TargetProcess> {
    const child = fork(new URL("./target-program.ts", import.meta.url), [variant], {
      execArgv: ["--expose-gc", "--no-warnings"],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const output: string[] = [];
    child.stdout!.on("data", (chunk: Buffer) => output.push(chunk.toString()));
    child.stderr!.on("data", (chunk: Buffer) => output.push(chunk.toString()));
    const [message] = (await Promise.race([
      once(child, "message"),
      once(child, "exit").then(() => {
        throw new Error(`the target ended: ${output.join("")}`);
      }),
    ])) as [TargetPorts];
    return new TargetProcess(child, message, output);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Whether it runs. */
  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Whether it wrote anything. */
  get hasOutput(): boolean {
    return this.#output.length > 0;
  }

  /** What it wrote: nothing, unless something is wrong. */
  get output(): string {
    return this.#output.join("");
  }

  /** Its state, after it has collected its garbage. */
  async state(): Promise<TargetState> {
    const answer = once(this.#child, "message");
    this.#child.send("state");
    const [state] = (await answer) as [TargetState];
    this.#blockedMs = Math.max(this.#blockedMs, state.blockedMs);
    return state;
  }

  /** The largest `blockedMs` of all states since this was called last. */
  async takeBlockedMs(): Promise<number> {
    const answer = once(this.#child, "message");
    // Without a collection of garbage, which costs more than most rows.
    this.#child.send("blocked");
    const [blockedMs] = (await answer) as [number];
    const longest = Math.max(this.#blockedMs, blockedMs);
    this.#blockedMs = 0;
    return longest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isAlive) {
      const exit = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await exit;
    }
  }
}
