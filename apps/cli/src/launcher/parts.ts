import type { StateDirectory, Supervised } from "@msec/process";
import type { CommandContext } from "../context.ts";
import { type ControlRequest, type ControlResponse, type Part, type PartStatus, parts } from "./control-protocol.ts";
import { createPart, partLogFile, startPart } from "./part.ts";
import type { Progress } from "./progress.ts";

const graceMs: Readonly<Record<Part, number>> = { server: 15_000, agent: 20_000 };

/**
 * The parts of the system under the launcher's supervision. One that dies is started again with a back-off, and said so; one
 * that was stopped by hand stays stopped until it is started by hand.
 */
export class Parts {
  readonly #state: StateDirectory;
  readonly #context: CommandContext;
  readonly #progress: Progress;
  readonly #supervised: Readonly<Record<Part, Supervised>>;
  /** Parts that have served once: what happens to them from then on is news. */
  readonly #known = new Set<Part>();
  readonly #lastSaid = new Map<Part, string>();

  constructor(state: StateDirectory, config: string | undefined, context: CommandContext, progress: Progress) {
    this.#state = state;
    this.#context = context;
    this.#progress = progress;
    const create = (part: Part) =>
      createPart({
        part,
        state,
        config,
        environment: context.environment,
        graceMs: graceMs[part],
        onChange: (name, supervised) => this.#tell(name, supervised),
      });
    this.#supervised = { server: create("server"), agent: create("agent") };
  }

  /**
   * Start a part for the first time. @returns its pid once it serves
   * @throws UserError when it ends instead; the signal's reason when it aborts
   */
  async startFirst(part: Part, signal: AbortSignal): Promise<number> {
    const log = partLogFile(this.#state, part);
    const pid = await startPart(this.#supervised[part], part, log, signal, this.#context.messages);
    this.#known.add(part);
    return pid;
  }

  /** Stop a part. @returns whether there was something to stop */
  async stop(part: Part): Promise<boolean> {
    const supervised = this.#supervised[part];
    if (supervised.state === "stopped") return false;
    await supervised.stop();
    return true;
  }

  /** Answer a request of `msec start`, `stop` or `ps`. @param stopAll  has the whole system stopped */
  async handle(request: ControlRequest, stopAll: () => void): Promise<ControlResponse> {
    switch (request.command) {
      case "status":
        return this.#response(false);
      case "stop-all":
        stopAll();
        return this.#response(true);
      case "stop":
        return this.#response(await this.stop(request.part));
      case "start":
        return this.#response(await this.#startAgain(request.part));
    }
  }

  async #startAgain(part: Part): Promise<boolean> {
    if (this.#supervised[part].state === "running") return false;
    const signal = AbortSignal.timeout(60_000);
    this.#known.delete(part);
    const pid = await this.startFirst(part, signal);
    this.#progress.step(part, this.#context.messages.partStarted(part, pid));
    return true;
  }

  #response(changed: boolean): ControlResponse {
    const statuses = parts.map((part) => [part, statusOf(this.#supervised[part])] as const);
    return { ok: true, changed, parts: Object.fromEntries(statuses) as Record<Part, PartStatus> };
  }

  #tell(part: Part, { state, reason, run }: Supervised): void {
    if (!this.#known.has(part) || this.#lastSaid.get(part) === state) return;
    this.#lastSaid.set(part, state);
    const { messages } = this.#context;
    if (state === "backing-off") this.#progress.problem(part, messages.partRestarts(part, reason));
    if (state === "running") this.#progress.step(part, messages.partRunsAgain(part, run?.pid ?? 0));
  }
}

function statusOf({ state, run, restarts, reason }: Supervised): PartStatus {
  return { state, pid: run?.pid ?? 0, restarts, reason };
}
