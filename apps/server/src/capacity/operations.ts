import { randomBytes } from "node:crypto";
import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { OperationKind, OperationReason, OperationState, OperationStep } from "@msec/api/console/v1/capacity_pb.js";
import type { Log } from "@msec/process";
import { Code, RpcError } from "@msec/rpc";
import type { HostDirectory } from "../agents/host-directory.ts";
import type { ReloadOrders } from "../agents/reload-orders.ts";
import { Waiters } from "../agents/waiters.ts";
import type { RegistryFeed } from "../registry/control-feed.ts";
import type { InstanceRow, RegistryStore } from "../registry/store.ts";
import { findProcess } from "../registry/view.ts";
import { advance, type Command, type Facts, type InstanceFact } from "./advance.ts";
import { callersOf } from "./callers.ts";
import { endpointOf, type Operation, type OperationInstance, reloadOrderId } from "./operation.ts";
import type { OperationStore } from "./operation-store.ts";

// What agents say comes in bursts: one look for all of it.
const gatherMs = 20;
// Time passes also when nobody says anything.
const lookMs = 1_000;
const reportFreshMs = 15_000;
const runningMax = 100;

/** What operations work on. */
export interface OperationParts {
  readonly store: OperationStore;
  readonly registry: RegistryStore;
  readonly feed: RegistryFeed;
  readonly hosts: HostDirectory;
  readonly reloads: ReloadOrders;
  readonly log: Log;
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
}

/** What an operation is begun with, checked for its form already. */
export interface NewOperation {
  readonly kind: OperationKind;
  /** Without repetition, not empty. */
  readonly instanceIds: readonly string[];
  readonly stepTimeoutMs: number;
  readonly force: boolean;
  readonly batch: number;
  readonly startedBy: string;
}

/**
 * Runs operations: asks `advance` where each stands whenever agents have said something, does what it says, and writes it down.
 * One at a time is looked at, so two never act on the same facts.
 */
export class Operations {
  readonly #parts: OperationParts;
  readonly #running = new Map<string, Operation>();
  readonly #waiters = new Waiters();
  readonly #stopListening: () => void;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = 0;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #closed = false;

  constructor(parts: OperationParts) {
    this.#parts = parts;
    this.#stopListening = parts.hosts.listen(() => this.notify());
  }

  /** An agent has said something: look soon where each stands. */
  notify(): void {
    this.#lookIn(gatherMs);
  }

  /** Go on with what ran when the server stopped: each step has its time anew, as agents have to come back first. */
  async resume(): Promise<void> {
    const now = this.#parts.now();
    for (const operation of await this.#parts.store.list({ service: "", running: true, limit: runningMax })) {
      const instances = operation.instances.map((instance) => ({ ...instance, stepSinceMs: now, idle: null }));
      this.#running.set(operation.id, { ...operation, instances });
      this.#orderReloads(this.#running.get(operation.id)!);
    }
    this.#lookIn(gatherMs);
  }

  /** Stop looking; what runs is resumed by the next server. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stopListening();
    this.#waiters.wake();
    await this.#looking;
  }

  /**
   * Begin an operation.
   *
   * @throws RpcError NotFound, FailedPrecondition (says for which instance and why)
   */
  async start(request: NewOperation): Promise<Operation> {
    const { registry, store, now } = this.#parts;
    const rows = await registry.findInstances(request.instanceIds);
    this.#assertRoom();
    this.#assertFree(request.instanceIds);
    await this.#assertPossible(request, rows);
    const operation: Operation = {
      id: `${now().toString(36)}-${randomBytes(4).toString("hex")}`,
      kind: request.kind,
      state: OperationState.RUNNING,
      revision: 1,
      startedBy: request.startedBy,
      startedMs: now(),
      endedMs: 0,
      stepTimeoutMs: request.stepTimeoutMs,
      batch: request.batch,
      instances: rows.map((row) => this.#newInstance(row)),
    };
    // Others may have been begun while the database was asked.
    this.#assertRoom();
    this.#assertFree(request.instanceIds);
    this.#running.set(operation.id, operation);
    try {
      await store.add(operation);
    } catch (error) {
      this.#running.delete(operation.id);
      throw error;
    }
    this.#lookIn(0);
    return operation;
  }

  /**
   * An operation that is newer than what somebody has seen.
   *
   * @param waitMs  how long to wait for it; then it is given as it is
   * @throws RpcError NotFound
   */
  async watch(id: string, revision: number, waitMs: number, signal: AbortSignal): Promise<Operation> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const operation = await this.#find(id);
      const isNews = operation.revision > revision || operation.state !== OperationState.RUNNING;
      const leftMs = deadline - performance.now();
      if (isNews || this.#closed || leftMs <= 0 || signal.aborted) return operation;
      await this.#waiters.wait(leftMs, signal);
    }
  }

  /** Operations, newest first. */
  async list(filter: { service: string; running: boolean; limit: number }): Promise<Operation[]> {
    const found = await this.#parts.store.list(filter);
    return found
      .map((operation) => this.#running.get(operation.id) ?? operation)
      .filter(({ instances }) => filter.service === "" || instances.some(({ service }) => service === filter.service));
  }

  /**
   * Give an operation up where it stands.
   *
   * @throws RpcError NotFound, FailedPrecondition (it has ended)
   */
  async cancel(id: string): Promise<Operation> {
    await this.#looking;
    const operation = await this.#find(id);
    if (operation.state !== OperationState.RUNNING) {
      throw new RpcError(Code.FailedPrecondition, `operation ${id} has ended already`);
    }
    return await this.#keep({ ...operation, state: OperationState.CANCELLED, endedMs: this.#parts.now() });
  }

  async #find(id: string): Promise<Operation> {
    const operation = this.#running.get(id) ?? (await this.#parts.store.find(id.slice(0, 80)));
    if (operation === undefined) {
      throw new RpcError(Code.NotFound, `there is no operation ${JSON.stringify(id.slice(0, 80))}`);
    }
    return operation;
  }

  #lookIn(ms: number): void {
    if (this.#closed || this.#running.size === 0) return;
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return;
    }
    // A burst must not put it off again and again.
    const dueMs = performance.now() + ms;
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => this.#look(), ms).unref();
  }

  #look(): void {
    this.#timer = undefined;
    this.#lookAgain = false;
    this.#looking = this.#lookAtAll().finally(() => {
      this.#looking = undefined;
      this.#lookIn(this.#lookAgain ? gatherMs : lookMs);
    });
  }

  async #lookAtAll(): Promise<void> {
    for (const operation of [...this.#running.values()]) {
      try {
        await this.#lookAt(operation);
      } catch (error) {
        // The database is away, most likely: it stands where it stood, and is looked at again.
        this.#parts.log.warn(`operation ${operation.id} could not go on; trying again`, { error });
      }
    }
  }

  async #lookAt(before: Operation): Promise<void> {
    // Commands lead to new facts, which may lead on at once: each instance has at most six steps.
    let operation = before;
    for (let round = 0; round < 8 && operation.state === OperationState.RUNNING; round++) {
      const found = advance(operation, await this.#facts(operation));
      operation = found.operation;
      if (found.commands.length === 0) break;
      for (const { command, ids } of found.commands) operation = await this.#carryOut(operation, command, ids);
      await this.#parts.feed.refresh();
      operation = this.#withVersions(operation);
    }
    if (isSame(operation, before)) return;
    await this.#keep(operation);
  }

  async #carryOut(operation: Operation, command: Command, ids: readonly string[]): Promise<Operation> {
    const { now } = this.#parts;
    const rows = await this.#command(command, ids);
    const generations = new Map(rows.map((row) => [row.id, row.generation]));
    const stepSinceMs = now();
    return {
      ...operation,
      instances: operation.instances.map((instance) => {
        const generation = generations.get(instance.instanceId);
        return generation === undefined
          ? instance
          : { ...instance, step: command.next, stepSinceMs, generation, routeVersion: 0, idle: null };
      }),
    };
  }

  async #command(command: Command, ids: readonly string[]): Promise<InstanceRow[]> {
    const { registry } = this.#parts;
    switch (command.type) {
      case "route":
        return await registry.setRouting(ids, command.inRouting);
      case "run":
        return await registry.setRun(ids, command.run, command.again);
      default:
        // Ordered when the step is kept, see `#orderReloads`: it changes nothing that the database knows.
        return await registry.listInstances(ids);
    }
  }

  /** An agent is told of a reload for as long as the operation is at that step. */
  #orderReloads(operation: Operation): void {
    if (operation.kind !== OperationKind.RELOAD) return;
    for (const { instanceId, hostId, step, timedOut } of operation.instances) {
      const id = reloadOrderId(operation, instanceId);
      const holds = operation.state === OperationState.RUNNING && step === OperationStep.RELOADING && !timedOut;
      if (holds) this.#parts.reloads.order(id, hostId, instanceId);
      else this.#parts.reloads.withdraw(id);
    }
  }

  // The version of a switch is known when the feed has it: at least that of the change, which is all that matters.
  #withVersions(operation: Operation): Operation {
    const { routeVersion } = this.#parts.feed;
    const waits: readonly OperationStep[] = [OperationStep.CALLERS, OperationStep.RETURNING];
    return {
      ...operation,
      instances: operation.instances.map((instance) =>
        instance.routeVersion === 0 && waits.includes(instance.step) ? { ...instance, routeVersion } : instance,
      ),
    };
  }

  async #facts(operation: Operation): Promise<Facts> {
    const { instances } = operation;
    const { registry, feed, hosts, reloads } = this.#parts;
    const nowMs = this.#parts.now();
    const rows = new Map(
      (await registry.listInstances(instances.map(({ instanceId }) => instanceId))).map((row) => [row.id, row]),
    );
    const callers = new Map<number, ReturnType<typeof callersOf>>();
    return {
      nowMs,
      reload: (id) => reloads.progressOf(reloadOrderId(operation, id)),
      instance: (id) => {
        const row = rows.get(id);
        return row === undefined ? undefined : this.#factOf(row);
      },
      callers: (routeVersion) => {
        const known = callers.get(routeVersion) ?? callersOf(routeVersion, hosts, feed, nowMs);
        callers.set(routeVersion, known);
        return known;
      },
    };
  }

  #factOf(row: InstanceRow): InstanceFact {
    const host = row.host_id === null ? undefined : this.#parts.hosts.find(row.host_id);
    return {
      inRouting: row.in_routing === 1,
      isExternal: row.host_id === null,
      process: findProcess(host, row.id),
      reportedMs: host?.reportedMs ?? 0,
    };
  }

  async #keep(changed: Operation): Promise<Operation> {
    const operation = { ...changed, revision: changed.revision + 1 };
    const hasEnded = operation.state !== OperationState.RUNNING;
    const before = this.#running.get(operation.id);
    const isStep = hasEnded || operation.instances.some(({ step }, index) => step !== before?.instances[index]?.step);
    this.#running.set(operation.id, operation);
    this.#orderReloads(operation);
    // Progress within a step is for whoever looks now; it need not outlive the server.
    if (isStep) await this.#parts.store.update(operation);
    if (hasEnded) {
      this.#running.delete(operation.id);
      const { id, kind, state } = operation;
      this.#parts.log.info("capacity operation ended", {
        operation: id,
        kind: OperationKind[kind],
        state: OperationState[state],
        instances: operation.instances.map((instance) => `${instance.service} ${endpointOf(instance)}`).slice(0, 20),
      });
    }
    this.#waiters.wake();
    return operation;
  }

  #newInstance(row: InstanceRow): OperationInstance {
    const host = row.host_id === null ? undefined : this.#parts.hosts.find(row.host_id);
    return {
      instanceId: row.id,
      service: row.service,
      address: row.address,
      port: row.port,
      hostId: row.host_id ?? "",
      hostName: host?.name ?? "",
      wasInRouting: row.in_routing === 1,
      step: OperationStep.PENDING,
      stepSinceMs: this.#parts.now(),
      reason: "",
      reasonCode: OperationReason.UNSPECIFIED,
      timedOut: false,
      routeVersion: 0,
      generation: 0,
      hosts: 0,
      hostsAcknowledged: 0,
      waiting: [],
      skipped: [],
      inFlight: null,
      idle: null,
    };
  }

  #assertRoom(): void {
    if (this.#running.size >= runningMax) {
      throw new RpcError(Code.ResourceExhausted, `${runningMax} operations run already; wait for one to end`);
    }
  }

  #assertFree(ids: readonly string[]): void {
    for (const operation of this.#running.values()) {
      const busy = operation.instances.find(({ instanceId }) => ids.includes(instanceId));
      if (busy !== undefined) {
        throw new RpcError(
          Code.FailedPrecondition,
          `${endpointOf(busy)} of ${busy.service} is part of the running operation ${operation.id}; wait for its end or cancel it`,
        );
      }
    }
  }

  async #assertPossible({ kind, force, batch }: NewOperation, rows: readonly InstanceRow[]): Promise<void> {
    for (const row of rows) {
      const refusal = this.#refusalOf(kind, row, force);
      if (refusal !== undefined) {
        throw new RpcError(Code.FailedPrecondition, `${endpointOf(row)} of ${row.service} ${refusal}`);
      }
    }
    if (force || !leavesRouting(kind)) return;
    for (const [service, members] of Map.groupBy(rows, (row) => row.service)) {
      const leaving = members.filter((row) => row.in_routing === 1).length;
      if (leaving === 0) continue;
      const all =
        (await this.#parts.registry.findService(service))?.instances.filter((row) => row.in_routing === 1) ?? [];
      const atOnce = kind === OperationKind.RESTART ? Math.min(batch, leaving) : leaving;
      if (all.length <= atOnce) {
        throw new RpcError(
          Code.FailedPrecondition,
          `${service} would have no instance in routing (${all.length} now); add another first, or force it`,
        );
      }
    }
  }

  #refusalOf(kind: OperationKind, row: InstanceRow, force: boolean): string | undefined {
    const changesRouting = kind === OperationKind.IN || kind === OperationKind.OUT;
    if (changesRouting && row.port === 0) return "listens on nothing, so it cannot be in routing";
    if (!changesRouting && row.host_id === null) return "does not run on msec; start and stop it where it does";
    if (kind === OperationKind.RELOAD && row.run === 0) return "is stopped; there is nothing to reload";
    if (kind !== OperationKind.IN || row.host_id === null || force) return undefined;
    const { process, reportedMs } = this.#factOf(row);
    if (process?.state === ProcessState.RUNNING && this.#parts.now() - reportedMs < reportFreshMs) return undefined;
    const why = process === undefined || process.reason === "" ? "" : ` (${process.reason})`;
    return `is not seen to run${why}; start it first, or force it`;
  }
}

function leavesRouting(kind: OperationKind): boolean {
  return kind === OperationKind.OUT || kind === OperationKind.STOP || kind === OperationKind.RESTART;
}

function isSame(a: Operation, b: Operation): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
