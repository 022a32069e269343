import { randomBytes } from "node:crypto";
import type { ServiceKind } from "@msec/api/console/v1/registry_pb.js";
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
}

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

  /** All instances, in no particular order. */
  async listInstances(): Promise<InstanceRow[]> {
    return await this.#store.db.selectFrom("instance").selectAll().execute();
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
    await rejectDuplicate(
      this.#store.db.insertInto("service").values(row).execute(),
      `a service ${name} exists already`,
    );
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
      weight: defaultWeight,
      routing_changed_ms: this.#now(),
    };
    const added = this.#store.transaction(async (transaction) => {
      await transaction.insertInto("instance").values(row).execute();
      if (instance.hostId !== null) {
        await raiseAssignment(transaction, instance.hostId);
      }
    });
    await rejectDuplicate(added, `${instance.address}:${instance.port} belongs to another instance already`);
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
        await transaction
          .updateTable("cluster_version")
          .set({ value: version - 1 })
          .where("name", "=", "route")
          .execute();
        return rows;
      }
      const silent = changed.find((row) => row.port === 0);
      if (silent !== undefined) {
        throw new RpcError(
          Code.FailedPrecondition,
          `instance ${silent.id} of ${silent.service} listens on nothing, so it cannot be in routing`,
        );
      }
      const change = { in_routing: inRouting ? 1 : 0, routing_changed_ms: this.#now() };
      const changedIds = changed.map((row) => row.id);
      await transaction.updateTable("instance").set(change).where("id", "in", changedIds).execute();
      const services = [...new Set(changed.map((row) => row.service))];
      await transaction.updateTable("service").set({ route_version: version }).where("name", "in", services).execute();
      return rows.map((row) => (changedIds.includes(row.id) ? { ...row, ...change } : row));
    });
  }
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
  if (services.length > 0) {
    const version = await raiseVersion(transaction, "route");
    await transaction.updateTable("service").set({ route_version: version }).where("name", "in", services).execute();
  }
}

async function readInstances(transaction: Transaction<ServerSchema>, ids: readonly string[]): Promise<InstanceRow[]> {
  const rows = await transaction.selectFrom("instance").selectAll().where("id", "in", ids).execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => {
    const row = byId.get(id);
    if (row === undefined) {
      throw new RpcError(Code.NotFound, `there is no instance ${JSON.stringify(id.slice(0, 80))}`);
    }
    return row;
  });
}

async function raiseAssignment(transaction: Transaction<ServerSchema>, hostId: string): Promise<void> {
  const version = await raiseVersion(transaction, "assignment");
  await transaction
    .insertInto("host_assignment")
    .values({ host_id: hostId, version })
    .onConflict((conflict) => conflict.column("host_id").doUpdateSet({ version }))
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
