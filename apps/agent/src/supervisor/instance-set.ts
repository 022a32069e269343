import type { Assignment } from "@msec/api/agent/v1/control_pb.js";
import { isAlive, readRunRecords, removeRunRecord, waitGone } from "@msec/process";
import { Instance, type InstanceOptions } from "./instance.ts";

/** All instances that this host runs, kept as the assignment says. */
export class InstanceSet {
  readonly #options: InstanceOptions;
  readonly #instances = new Map<string, Instance>();
  /** Instances that are on their way out, until their processes have ended. */
  readonly #leaving = new Set<Instance>();

  constructor(options: InstanceOptions) {
    this.#options = options;
  }

  /** In order of service, then of address and port; those that are on their way out too. */
  list(): Instance[] {
    const order = ({ assignment: { service, address, port } }: Instance) =>
      `${service} ${address} ${String(port).padStart(5, "0")}`;
    return [...this.#instances.values(), ...this.#leaving].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  find(instanceId: string): Instance | undefined {
    return this.#instances.get(instanceId);
  }

  /** Start what is to run and does not, stop what is not to run any more. Returns at once. */
  reconcile(assignments: readonly Assignment[]): void {
    const wanted = new Map(assignments.map((assignment) => [assignment.instanceId, assignment]));
    for (const [id, instance] of this.#instances) {
      const assignment = wanted.get(id);
      if (assignment === undefined || !isSamePlace(assignment, instance.assignment)) this.#leave(id, instance);
      else instance.update(assignment);
    }
    for (const assignment of wanted.values()) {
      if (!this.#instances.has(assignment.instanceId)) this.#add(assignment);
    }
    this.#options.onChange();
  }

  /**
   * Stop processes that an earlier agent started and that are assigned no longer; call once, after the first `reconcile`
   * with an assignment that the server gave.
   */
  async stopForgotten(): Promise<void> {
    const forgotten = readRunRecords(this.#options.state).filter(
      ({ role, instanceId }) => role === "instance" && instanceId !== undefined && !this.#isKnown(instanceId),
    );
    await Promise.all(
      forgotten.map(async (record) => {
        if (isAlive(record)) {
          this.#options.log.warn("stopping an instance that is assigned no longer", {
            name: record.name,
            pid: record.pid,
          });
          signalGroup(record.pid, "SIGTERM");
          if (!(await waitGone(record))) signalGroup(record.pid, "SIGKILL");
        }
        removeRunRecord(this.#options.state, record.name, record.pid);
      }),
    );
  }

  /** Stop all of them; settles when their processes have ended. */
  async stopAll(): Promise<void> {
    await Promise.all(this.list().map((instance) => instance.stop()));
  }

  /** Leave all of them running and look after them no longer. */
  releaseAll(): void {
    for (const instance of this.list()) instance.supervised.release();
  }

  #isKnown(instanceId: string): boolean {
    return this.list().some(({ assignment }) => assignment.instanceId === instanceId);
  }

  #add(assignment: Assignment): void {
    const instance = new Instance(assignment, this.#options);
    this.#instances.set(assignment.instanceId, instance);
    const blocker = [...this.#leaving].find((leaving) => conflicts(leaving.assignment, assignment));
    if (!assignment.run) {
      // It may run since an agent before us: then it is adopted, to be stopped.
      if (instance.adopt()) void instance.stop();
    } else if (blocker === undefined) {
      instance.start();
    } else {
      // The same id or port: two at once would fight for it.
      void blocker.stop().then(() => {
        if (this.#instances.get(assignment.instanceId) === instance) instance.start();
      });
    }
  }

  #leave(id: string, instance: Instance): void {
    this.#instances.delete(id);
    this.#leaving.add(instance);
    void instance.stop().finally(() => {
      this.#leaving.delete(instance);
      this.#options.onChange();
    });
  }
}

function isSamePlace(a: Assignment, b: Assignment): boolean {
  return a.service === b.service && a.address === b.address && a.port === b.port;
}

function conflicts(a: Assignment, b: Assignment): boolean {
  return a.instanceId === b.instanceId || (a.port !== 0 && a.port === b.port && a.address === b.address);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone since we looked.
  }
}
