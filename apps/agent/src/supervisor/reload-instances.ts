import { create } from "@bufbuild/protobuf";
import {
  type ReloadOrder,
  type ReloadProgress,
  ReloadProgressSchema,
  ReloadService,
  ReloadState,
} from "@msec/api/agent/v1/reload_pb.js";
import { type Log, reloadSocketPath, requestReload } from "@msec/process";
import { createClient } from "@msec/rpc";
import { ChangeBell } from "../change-bell.ts";
import type { ControlLink } from "../control/control-link.ts";
import { waitForNewerServer } from "../control/older-server.ts";
import type { Instance } from "./instance.ts";
import type { InstanceSet } from "./instance-set.ts";

const WAIT_MS = 25_000;
const ANSWER_MS = 10_000;
/** While a reload runs here, the server is told of each change, and asked this often whether it has further orders. */
const LOOK_MS = 1_000;
/** Enough for the error that Node prints when a worker dies, with its stack and what the controller says of it. */
const LAST_LINES = 24;
/** The server takes no more; the newest come last. */
const ORDERS_MAX = 1_000;
const REASON_MAX = 4_096;

/** Reloads of instances of this host that the server has ordered, each once, and how far they are. */
export class InstanceReloads {
  readonly #instances: InstanceSet;
  readonly #socket: string;
  readonly #log: Log;
  readonly #reloads = new Map<string, ReloadProgress & { isRunning: boolean }>();
  readonly #bell = new ChangeBell();

  /** @param socket  the agent's unix socket: controllers listen beside it */
  constructor(instances: InstanceSet, socket: string, log: Log) {
    this.#instances = instances;
    this.#socket = socket;
    this.#log = log;
  }

  /** Every order that is known. */
  list(): ReloadProgress[] {
    return [...this.#reloads.values()].map(({ isRunning, ...progress }) => progress).slice(-ORDERS_MAX);
  }

  get #isBusy(): boolean {
    return [...this.#reloads.values()].some(({ isRunning }) => isRunning);
  }

  /** Begin what is new among the orders, and forget what has ended and is ordered no longer. */
  take(orders: readonly ReloadOrder[]): void {
    const held = new Set(orders.map(({ id }) => id));
    for (const [id, { isRunning }] of this.#reloads) if (!held.has(id) && !isRunning) this.#reloads.delete(id);
    for (const { id, instanceId } of orders) if (!this.#reloads.has(id)) void this.#reload(id, instanceId);
  }

  /** Settles at once where no reload runs; else when one has got further, or a second later. */
  async untilChanged(signal: AbortSignal): Promise<void> {
    if (!this.#isBusy) return;
    await this.#bell.untilRung(AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]));
  }

  /** How long the server may hold its answer, milliseconds. */
  get waitMs(): number {
    return this.#isBusy ? 0 : WAIT_MS;
  }

  async #reload(id: string, instanceId: string): Promise<void> {
    const progress = { ...create(ReloadProgressSchema, { orderId: id }), isRunning: true };
    this.#reloads.set(id, progress);
    const instance = this.#instances.find(instanceId);
    try {
      Object.assign(progress, await this.#outcome(instance, progress));
    } catch (error) {
      // A socket that is not the controller's, no answer in time, a controller that ended: all of them say it in words.
      const reason = error instanceof Error ? error.message : String(error);
      Object.assign(progress, { state: ReloadState.FAILED, reason });
    }
    progress.isRunning = false;
    const names = { service: instance?.assignment.service, instance: instance?.listen };
    if (progress.state === ReloadState.DONE) this.#log.info("instance reloaded", names);
    else this.#log.error("instance not reloaded", { ...names, reason: progress.reason });
    this.#bell.ring();
  }

  async #outcome(instance: Instance | undefined, progress: ReloadProgress) {
    if (instance?.supervised.state !== "running") {
      return { state: ReloadState.FAILED, reason: "it does not run" };
    }
    const { service, instanceId } = instance.assignment;
    this.#log.info("instance reloading, ordered by the server", { service, instance: instance.listen });
    const result = await requestReload(reloadSocketPath(this.#socket, instanceId), ({ of }) => {
      progress.workers = of;
      progress.workersReady++;
      this.#bell.ring();
    });
    if (result === undefined) return { state: ReloadState.ONE_PROCESS, reason: "it is one process" };
    if (result.ok) {
      return { state: ReloadState.DONE, workers: result.workers.length, workersReady: result.workers.length };
    }
    const lines = instance.supervised.lastLines(LAST_LINES);
    const said = lines.length === 0 ? "" : `; its last output: ${lines.join(" | ")}`;
    return { state: ReloadState.FAILED, reason: `${result.reason}${said}`.slice(0, REASON_MAX) };
  }
}

/** Carry out the reloads that the server orders, until the signal aborts. */
export async function watchReloads(link: ControlLink, reloads: InstanceReloads, signal: AbortSignal): Promise<void> {
  await link.repeat("asking for reloads", signal, async (_client, call) => {
    const client = createClient(ReloadService, call);
    try {
      await reloads.untilChanged(signal);
      const { waitMs } = reloads;
      const request = { waitMs, reloads: reloads.list() };
      const { orders } = await client.watchReloads(request, { timeoutMs: waitMs + ANSWER_MS, signal });
      reloads.take(orders);
    } catch (error) {
      await waitForNewerServer(error, signal);
    }
  });
}
