import { randomBytes } from "node:crypto";
import type { ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { ROUTES_MAX } from "@msec/api/routes";
import { Code, RpcError } from "@msec/rpc";
import { DatabaseFailure, findDatabaseFailure } from "@msec/store";
import type { Selectable, Transaction } from "kysely";
import type { ServerSchema, ServerStore } from "../schema.ts";
import type { RegistryTables } from "./schema.ts";

/** A row of `service`. */
export type ServiceRow = Selectable<RegistryTables["service"]>;
/** A row of `instance`. */
export type InstanceRow = Selectable<RegistryTables["instance"]>;

/** Weight of an instance unless an operator sets another. */
export const defaultWeight = 100;

/** A new instance, checked already. */
export interface NewInstance {
  readonly service: string;
  readonly address: string;
  readonly port: number;
  /** `null` for external services. */
  readonly hostId: string | null;
  /** `msec.agent.v1.Transport`; default TCP. */
  readonly transport?: number;
  /** 1…10000; default 100. */
  readonly weight?: number;
  /** `InstanceSettings` as JSON; default none. */
  readonly settings?: string;
  /** Whether it is to run; default true. */
  readonly run?: boolean;
}

/** Most instances that one host runs: what agents take. */
export const maxInstancesPerHost = 1_000;

/** Services and instances in the database. Each change is one transaction, with the versions that it raises. */
export class RegistryStore {
  readonly #store: ServerStore;
  readonly #now: () => number;

  /** @param now  milliseconds since 1970 UTC */
  constructor(store: ServerStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** All services, in no particular order. */
  async listServices(): Promise<ServiceRow[]> {
    return await this.#store.db.selectFrom("service").selectAll().execute();
  }

  /** All instances, or those of some ids that there are, in no particular order. */
  async listInstances(ids?: readonly string[]): Promise<InstanceRow[]> {
    const query = this.#store.db.selectFrom("instance").selectAll();
    return await (ids === undefined ? query : query.where("id", "in", [...ids])).execute();
  }

  /**
   * The instances of ids, in their order.
   *
   * @throws RpcError NotFound (names the first unknown id)
   */
  async findInstances(ids: readonly string[]): Promise<InstanceRow[]> {
    return inOrder(ids, await this.listInstances(ids));
  }

  /** One service with its instances, `undefined` where there is none. */
  async findService(name: string): Promise<{ service: ServiceRow; instances: InstanceRow[] } | undefined> {
    const service = await this.#store.db.selectFrom("service").selectAll().where("name", "=", name).executeTakeFirst();
    if (service === undefined) {
      return undefined;
    }
    const instances = await this.#store.db.selectFrom("instance").selectAll().where("service", "=", name).execute();
    return { service, instances };
  }

  /**
   * Add a service.
   *
   * @throws RpcError AlreadyExists
   */
  async createService(name: string, kind: ServiceKind, defaultPort: number): Promise<void> {
    const row = { name, kind, default_port: defaultPort, created_ms: this.#now() };
    const created = this.#store.transaction(async (transaction) => {
      await transaction.insertInto("service").values(row).execute();
      const removed = await transaction.deleteFrom("removed_service").where("name", "=", name).executeTakeFirst();
      // Agents know that it is gone: they have to hear that it is there again.
      if (removed.numDeletedRows > 0n) await raiseServices(transaction, [name]);
    });
    await rejectDuplicate(created, `a service ${name} exists already`);
  }

  /**
   * Remove a service; agents forget its table.
   *
   * @throws RpcError NotFound, FailedPrecondition (it has instances)
   */
  async removeService(name: string): Promise<void> {
    const removed = this.#store.transaction(async (transaction) => {
      const version = await raiseVersion(transaction, "route");
      const service = await transaction
        .selectFrom("service")
        .select("route_version")
        .where("name", "=", name)
        .executeTakeFirst();
      if (service === undefined) {
        throw new RpcError(Code.NotFound, `there is no service ${JSON.stringify(name.slice(0, 80))}`);
      }
      const { count } = await transaction
        .selectFrom("instance")
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .where("service", "=", name)
        .executeTakeFirstOrThrow();
      if (Number(count) > 0) {
        throw new RpcError(
          Code.FailedPrecondition,
          `${name} still has ${count} instance${Number(count) === 1 ? "" : "s"}; take them out of routing and remove them first`,
        );
      }
      await transaction.deleteFrom("service").where("name", "=", name).execute();
      if (service.route_version === 0) {
        await lowerVersion(transaction, version);
      } else {
        await transaction.insertInto("removed_service").values({ name, route_version: version }).execute();
      }
    });
    await rejectOvertaken(removed, `${name} got an instance just now`);
  }

  /**
   * Add an instance, out of routing; its host is told to run it.
   *
   * @returns the row
   * @throws RpcError AlreadyExists (address and port are taken), FailedPrecondition (the host is gone)
   */
  async addInstance(instance: NewInstance): Promise<InstanceRow> {
    const row: InstanceRow = {
      id: randomBytes(8).toString("hex"),
      service: instance.service,
      address: instance.address,
      port: instance.port,
      host_id: instance.hostId,
      in_routing: 0,
      weight: instance.weight ?? defaultWeight,
      routing_changed_ms: this.#now(),
      run: instance.run === false ? 0 : 1,
      generation: 0,
      settings: instance.settings ?? "",
      transport: instance.transport ?? 1,
      withheld_ms: 0,
    };
    const added = this.#store.transaction(async (transaction) => {
      if (instance.hostId !== null) {
        // First, so that two that are added at once take turns and count each other.
        await raiseAssignment(transaction, instance.hostId);
        await assertRoomOnHost(transaction, instance.hostId);
      }
      await transaction.insertInto("instance").values(row).execute();
    });
    await rejectDuplicate(
      rejectOvertaken(added, `the service ${instance.service} or the host of the instance was removed just now`),
      `${instance.address}:${instance.port} belongs to another instance already`,
    );
    return row;
  }

  /**
   * Take instances into routing or out of it. Those that are there already stay as they are and raise no version.
   *
   * @param ids  without repetition
   * @returns their rows, in the order of `ids`
   * @throws RpcError NotFound (names the first unknown id), FailedPrecondition (one that listens on nothing)
   */
  async setRouting(ids: readonly string[], inRouting: boolean): Promise<InstanceRow[]> {
    return await this.#store.transaction(async (transaction) => {
      // First of all, so that two of these take turns and the second sees what the first did.
      const version = await raiseVersion(transaction, "route");
      const rows = await readInstances(transaction, ids);
      const changed = rows.filter((row) => (row.in_routing === 1) !== inRouting);
      if (changed.length === 0) {
        await lowerVersion(transaction, version);
        return rows;
      }
      const silent = changed.find((row) => row.port === 0);
      if (silent !== undefined) {
        throw new RpcError(
          Code.FailedPrecondition,
          `instance ${silent.id} of ${silent.service} listens on nothing, so it cannot be in routing`,
        );
      }
      // Who comes in is not withheld: how long it has been silent is counted from now.
      const change = { in_routing: inRouting ? 1 : 0, routing_changed_ms: this.#now(), withheld_ms: 0 };
      const changedIds = new Set(changed.map((row) => row.id));
      await transaction
        .updateTable("instance")
        .set(change)
        .where("id", "in", [...changedIds])
        .execute();
      const services = [...new Set(changed.map((row) => row.service))];
      if (inRouting) await assertRoomInTables(transaction, services);
      await transaction.updateTable("service").set({ route_version: version }).where("name", "in", services).execute();
      return rows.map((row) => (changedIds.has(row.id) ? { ...row, ...change } : row));
    });
  }

  /**
   * Remove instances that are out of routing; their hosts stop them.
   *
   * @param ids  without repetition
   * @throws RpcError NotFound (names the first unknown id), FailedPrecondition (names the first that is in routing)
   */
  async removeInstances(ids: readonly string[]): Promise<void> {
    await this.#store.transaction(async (transaction) => {
      // The lock of setRouting: nobody takes one in meanwhile.
      await lowerVersion(transaction, await raiseVersion(transaction, "route"));
      const rows = await readInstances(transaction, ids);
      const routed = rows.find((row) => row.in_routing === 1);
      if (routed !== undefined) {
        throw new RpcError(
          Code.FailedPrecondition,
          `${routed.address}:${routed.port} of ${routed.service} is in routing; take it out first`,
        );
      }
      await transaction
        .deleteFrom("instance")
        .where("id", "in", [...ids])
        .execute();
      await raiseAssignments(transaction, rows);
    });
  }

  /**
   * Have instances run or not.
   *
   * @param again  raise their generation: what runs is replaced by a new process
   * @returns their rows, in the order of `ids`
   * @throws RpcError NotFound, FailedPrecondition (names the first that runs on no host of ours)
   */
  async setRun(ids: readonly string[], run: boolean, again: boolean): Promise<InstanceRow[]> {
    return await this.#store.transaction(async (transaction) => {
      const version = await raiseVersion(transaction, "assignment");
      const rows = await readInstances(transaction, ids);
      const external = rows.find((row) => row.host_id === null);
      if (external !== undefined) {
        throw new RpcError(
          Code.FailedPrecondition,
          `${external.address}:${external.port} of ${external.service} does not run on msec; start and stop it where it does`,
        );
      }
      const isRun = run ? 1 : 0;
      // A stop is a change of generation too: "stopped" of an earlier one is another stop's.
      const changed = rows.filter((row) => again || row.run !== isRun);
      if (changed.length > 0) {
        await transaction
          .updateTable("instance")
          .set((row) => ({ run: isRun, generation: row("generation", "+", 1) }))
          .where(
            "id",
            "in",
            changed.map((row) => row.id),
          )
          .execute();
      }
      await raiseAssignments(transaction, changed, version);
      return await readInstances(transaction, ids);
    });
  }

  /**
   * Set the weight and the settings of an instance.
   *
   * @throws RpcError NotFound; InvalidArgument for settings of an external one, which nobody would apply
   */
  async setInstance(id: string, change: { weight?: number; settings?: string }): Promise<InstanceRow> {
    return await this.#store.transaction(async (transaction) => {
      const version = await raiseVersion(transaction, "route");
      const [row] = await readInstances(transaction, [id]);
      const before = row as InstanceRow;
      if ((change.settings ?? "") !== "" && before.host_id === null) {
        throw new RpcError(
          Code.InvalidArgument,
          `settings must be unset; ${before.service} is external and not ours to run`,
        );
      }
      const after = { ...before, weight: change.weight ?? before.weight, settings: change.settings ?? before.settings };
      const { weight, settings } = after;
      await transaction.updateTable("instance").set({ weight, settings }).where("id", "=", id).execute();
      if (weight !== before.weight && before.in_routing === 1) {
        await transaction
          .updateTable("service")
          .set({ route_version: version })
          .where("name", "=", before.service)
          .execute();
      } else {
        await lowerVersion(transaction, version);
      }
      if (settings !== before.settings) await raiseAssignments(transaction, [before]);
      return after;
    });
  }

  /**
   * Set how callers of a service choose.
   *
   * @param policy  `RoutingPolicy` as JSON; "" for the defaults
   * @throws RpcError NotFound
   */
  async setPolicy(name: string, policy: string): Promise<void> {
    await this.#store.transaction(async (transaction) => {
      const version = await raiseVersion(transaction, "route");
      const changed = await transaction
        .updateTable("service")
        .set({ policy, route_version: version })
        .where("name", "=", name)
        .executeTakeFirst();
      if (changed.numUpdatedRows === 0n) {
        throw new RpcError(Code.NotFound, `there is no service ${JSON.stringify(name.slice(0, 80))}`);
      }
    });
  }

  /**
   * Leave instances out of callers' tables, or put them back: those that are still in routing.
   *
   * @returns the services whose tables changed
   */
  async setWithheld(ids: readonly string[], withheld: boolean): Promise<string[]> {
    return await this.#store.transaction(async (transaction) => {
      const version = await raiseVersion(transaction, "route");
      const changed = await transaction
        .updateTable("instance")
        .set({ withheld_ms: withheld ? this.#now() : 0 })
        .where("id", "in", [...ids])
        .where("in_routing", "=", 1)
        .where("withheld_ms", withheld ? "=" : ">", 0)
        .returning("service")
        .execute();
      const services = [...new Set(changed.map((row) => row.service))];
      if (services.length === 0) {
        await lowerVersion(transaction, version);
      } else {
        await transaction
          .updateTable("service")
          .set({ route_version: version })
          .where("name", "in", services)
          .execute();
      }
      return services;
    });
  }
}

/** Raise the versions of the services that have routes on a host: something that routes say of the host changed. */
export async function raiseRoutesOf(transaction: Transaction<ServerSchema>, hostId: string): Promise<void> {
  const rows = await transaction
    .selectFrom("instance")
    .select("service")
    .distinct()
    .where("host_id", "=", hostId)
    .where("in_routing", "=", 1)
    .execute();
  const services = rows.map((row) => row.service);
  if (services.length > 0) await raiseServices(transaction, services);
}

/**
 * Give the instances of one host to another in a running transaction: the same machine under a new identity.
 */
export async function moveInstances(transaction: Transaction<ServerSchema>, from: string, to: string): Promise<void> {
  const moved = await transaction
    .updateTable("instance")
    .set({ host_id: to })
    .where("host_id", "=", from)
    .returning(["service", "in_routing"])
    .execute();
  await transaction.deleteFrom("host_assignment").where("host_id", "=", from).execute();
  if (moved.length > 0) {
    await raiseAssignment(transaction, to);
  }
  // Routes name the host, so their tables changed too.
  const services = [...new Set(moved.filter((row) => row.in_routing === 1).map((row) => row.service))];
  if (services.length > 0) await raiseServices(transaction, services);
}

async function raiseServices(transaction: Transaction<ServerSchema>, services: readonly string[]): Promise<void> {
  const version = await raiseVersion(transaction, "route");
  await transaction
    .updateTable("service")
    .set({ route_version: version })
    .where("name", "in", [...services])
    .execute();
}

// Agents refuse larger tables and longer assignments; better to say so to whoever makes one.
async function assertRoomInTables(transaction: Transaction<ServerSchema>, services: readonly string[]): Promise<void> {
  const sizes = await transaction
    .selectFrom("instance")
    .select(["service", ({ fn }) => fn.countAll<number>().as("count")])
    .where("service", "in", [...services])
    .where("in_routing", "=", 1)
    .groupBy("service")
    .execute();
  const large = sizes.find(({ count }) => Number(count) > ROUTES_MAX);
  if (large !== undefined) {
    throw new RpcError(
      Code.FailedPrecondition,
      `${large.service} would have ${large.count} instances in routing; at most ${ROUTES_MAX} are possible`,
    );
  }
}

async function assertRoomOnHost(transaction: Transaction<ServerSchema>, hostId: string): Promise<void> {
  const { count } = await transaction
    .selectFrom("instance")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("host_id", "=", hostId)
    .executeTakeFirstOrThrow();
  if (Number(count) >= maxInstancesPerHost) {
    throw new RpcError(Code.FailedPrecondition, `this host has ${count} instances already, the most that one runs`);
  }
}

async function readInstances(transaction: Transaction<ServerSchema>, ids: readonly string[]): Promise<InstanceRow[]> {
  if (ids.length === 0) return [];
  return inOrder(ids, await transaction.selectFrom("instance").selectAll().where("id", "in", ids).execute());
}

function inOrder(ids: readonly string[], rows: readonly InstanceRow[]): InstanceRow[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => {
    const row = byId.get(id);
    if (row === undefined) {
      throw new RpcError(Code.NotFound, `there is no instance ${JSON.stringify(id.slice(0, 80))}`);
    }
    return row;
  });
}

async function raiseAssignments(
  transaction: Transaction<ServerSchema>,
  rows: readonly InstanceRow[],
  version?: number,
): Promise<void> {
  const hosts = new Set(rows.map((row) => row.host_id).filter((hostId) => hostId !== null));
  for (const hostId of hosts) await raiseAssignment(transaction, hostId, version);
}

async function raiseAssignment(transaction: Transaction<ServerSchema>, hostId: string, raised?: number): Promise<void> {
  const version = raised ?? (await raiseVersion(transaction, "assignment"));
  await transaction
    .insertInto("host_assignment")
    .values({ host_id: hostId, version })
    .onConflict((conflict) => conflict.column("host_id").doUpdateSet({ version }))
    .execute();
}

/** Give back a version that nothing was stamped with. */
async function lowerVersion(transaction: Transaction<ServerSchema>, version: number): Promise<void> {
  await transaction
    .updateTable("cluster_version")
    .set({ value: version - 1 })
    .where("name", "=", "route")
    .execute();
}

async function raiseVersion(transaction: Transaction<ServerSchema>, name: "route" | "assignment"): Promise<number> {
  const { value } = await transaction
    .updateTable("cluster_version")
    .set((row) => ({ value: row("value", "+", 1) }))
    .where("name", "=", name)
    .returning("value")
    .executeTakeFirstOrThrow();
  return value;
}

async function rejectDuplicate(work: Promise<unknown>, message: string): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (findDatabaseFailure(error) === DatabaseFailure.Unique) {
      throw new RpcError(Code.AlreadyExists, message);
    }
    throw error;
  }
}

/** Somebody removed or added what this refers to, while this was on its way. */
async function rejectOvertaken(work: Promise<void>, message: string): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (findDatabaseFailure(error) === DatabaseFailure.ForeignKey) {
      throw new RpcError(Code.FailedPrecondition, message);
    }
    throw error;
  }
}
