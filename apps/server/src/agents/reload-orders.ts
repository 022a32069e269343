import { type ReloadProgress, type ReloadService, ReloadState } from "@msec/api/agent/v1/reload_pb.js";
import { Code, RpcError, type ServiceImplementation } from "@msec/rpc";
import { callingHost } from "./calling-host.ts";
import type { HostDirectory, HostState } from "./host-directory.ts";
import { Waiters } from "./waiters.ts";

const maxWaitMs = 60_000;
// As many as an operation may have instances; more progress than that is another program's.
const maxOrders = 1_000;
const maxReason = 4_096;

interface Order {
  readonly hostId: string;
  readonly instanceId: string;
  /** What its agent last said of it. */
  progress: ReloadProgress | undefined;
}

/**
 * Which instances are to be reloaded, and how far their agents are with it. In memory only: whoever orders says so again after a restart, under the same id,
 * and the agent that has it already says how far it is.
 */
export class ReloadOrders {
  readonly #orders = new Map<string, Order>();
  readonly #agents = new Map<string, Waiters>();
  readonly #onProgress: () => void;

  /** @param onProgress  called where an agent has said something new */
  constructor(onProgress: () => void) {
    this.#onProgress = onProgress;
  }

  /** Have an instance reloaded by the agent of its host; the same id again changes nothing. */
  order(id: string, hostId: string, instanceId: string): void {
    if (this.#orders.has(id)) return;
    this.#orders.set(id, { hostId, instanceId, progress: undefined });
    this.#agents.get(hostId)?.wake();
  }

  /** It is of no interest any more; a reload that runs goes on. */
  withdraw(id: string): void {
    this.#orders.delete(id);
  }

  /** What its agent last said of it; `undefined`: nothing yet. */
  progressOf(id: string): ReloadProgress | undefined {
    return this.#orders.get(id)?.progress;
  }

  /** An agent says what it knows and asks for more. @returns the orders for its host */
  async watch(
    host: HostState,
    reloads: readonly ReloadProgress[],
    waitMs: number,
    signal: AbortSignal,
  ): Promise<{ id: string; instanceId: string }[]> {
    this.#take(host, reloads);
    const known = new Set(reloads.map(({ orderId }) => orderId));
    const hasNews = () => this.#of(host.id).some(({ id }) => !known.has(id));
    if (!hasNews()) await this.#wait(host.id, waitMs, signal);
    return this.#of(host.id);
  }

  #take(host: HostState, reloads: readonly ReloadProgress[]): void {
    let isNew = false;
    for (const progress of reloads) {
      const order = this.#orders.get(progress.orderId);
      // An agent speaks for its own host only.
      if (order?.hostId !== host.id) continue;
      const before = order.progress;
      isNew ||= before?.state !== progress.state || before.workersReady !== progress.workersReady;
      order.progress = { ...progress, reason: progress.reason.slice(0, maxReason) };
    }
    if (isNew) this.#onProgress();
  }

  #of(hostId: string): { id: string; instanceId: string }[] {
    return [...this.#orders]
      .filter(([, order]) => order.hostId === hostId)
      .slice(0, maxOrders)
      .map(([id, { instanceId }]) => ({ id, instanceId }));
  }

  async #wait(hostId: string, waitMs: number, signal: AbortSignal): Promise<void> {
    const waiters = this.#agents.get(hostId) ?? new Waiters();
    this.#agents.set(hostId, waiters);
    await waiters.wait(waitMs, signal);
    if (waiters.size === 0 && this.#agents.get(hostId) === waiters) this.#agents.delete(hostId);
  }
}

/** `msec.agent.v1.ReloadService`, for agents. The host of a call is the one whose certificate the connection has. */
export function createReloadFeed(
  reloads: ReloadOrders,
  hosts: HostDirectory,
): ServiceImplementation<typeof ReloadService> {
  return {
    async watchReloads(request, context) {
      const host = callingHost(hosts, context);
      const { waitMs } = request;
      if (waitMs > maxWaitMs) throw new RpcError(Code.InvalidArgument, `wait_ms ${waitMs} must be 0…${maxWaitMs}`);
      if (request.reloads.length > maxOrders) {
        throw new RpcError(
          Code.InvalidArgument,
          `reloads has ${request.reloads.length} elements, expected at most ${maxOrders}`,
        );
      }
      const unknown = request.reloads.find(({ state }) => ReloadState[state] === undefined);
      if (unknown !== undefined) throw new RpcError(Code.InvalidArgument, `state ${unknown.state} must be 0…3`);
      return { orders: await reloads.watch(host, request.reloads, waitMs, context.signal) };
    },
  };
}
