import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RouteTableSchema } from "@msec/api/agent/v1/common_pb.js";
import type { ControlFeed, HostAssignment, RouteChanges } from "../agents/feed.ts";
import { Waiters } from "../agents/waiters.ts";
import type { ServerStore } from "../schema.ts";
import { compareEndpoints } from "./endpoint.ts";
import type { RegistryTables } from "./schema.ts";

interface VersionedTable {
  version: number;
  table: MessageInitShape<typeof RouteTableSchema>;
}

/**
 * Route tables and assignments in memory, brought up to date from the database after each change.
 */
export class RegistryFeed implements ControlFeed {
  readonly #store: ServerStore;
  readonly #routeWaiters = new Waiters();
  readonly #assignmentWaiters = new Waiters();
  readonly #tables = new Map<string, VersionedTable>();
  readonly #assignments = new Map<string, HostAssignment>();
  #routeVersion = 0;
  #assignmentVersion = 0;
  #refreshing: Promise<void> = Promise.resolve();

  constructor(store: ServerStore) {
    this.#store = store;
  }

  /** The highest version of any route table. */
  get routeVersion(): number {
    return this.#routeVersion;
  }

  /** Read what is newer in the database and wake who waits for it; called at start and after each change. */
  async refresh(): Promise<void> {
    // One after the other: a slow one must not put back what a later one has read.
    const mine = this.#refreshing.then(() => this.#refreshNow());
    this.#refreshing = mine.catch(() => {}); // The caller hears of it; the next one tries again.
    await mine;
  }

  routesSince(applied: number): RouteChanges {
    const changed = [...this.#tables.values()].filter(({ version }) => version > applied);
    return { version: this.#routeVersion, tables: changed.map(({ table }) => table) };
  }

  async waitForRoutes(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    return await this.#routeWaiters.wait(timeoutMs, signal);
  }

  assignmentOf(hostId: string): HostAssignment {
    return this.#assignments.get(hostId) ?? { version: 0, assignments: [] };
  }

  async waitForAssignments(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    return await this.#assignmentWaiters.wait(timeoutMs, signal);
  }

  async #refreshNow(): Promise<void> {
    await this.#refreshRoutes();
    await this.#refreshAssignments();
  }

  async #refreshRoutes(): Promise<void> {
    // One statement, so that a version and the instances that belong to it are of the same moment. Versions become
    // visible in their order (see cluster_version), so the highest one seen means that no lower one is missing.
    const rows = await this.#store.db
      .selectFrom("service")
      .leftJoin("instance", (join) =>
        join.onRef("instance.service", "=", "service.name").on("instance.in_routing", "=", 1),
      )
      .where("service.route_version", ">", this.#routeVersion)
      .select(["service.name", "service.route_version"])
      .selectAll("instance")
      .execute();
    for (const [name, group] of Map.groupBy(rows, (row) => row.name)) {
      const version = group[0]?.route_version ?? 0;
      const instances = group.filter((row): row is typeof row & RegistryTables["instance"] => row.id !== null);
      this.#tables.set(name, { version, table: createTable(name, version, instances) });
      this.#routeVersion = Math.max(this.#routeVersion, version);
    }
    if (rows.length > 0) {
      this.#routeWaiters.wake();
    }
  }

  async #refreshAssignments(): Promise<void> {
    const rows = await this.#store.db
      .selectFrom("host_assignment")
      .leftJoin("instance", "instance.host_id", "host_assignment.host_id")
      .where("host_assignment.version", ">", this.#assignmentVersion)
      .select(["host_assignment.host_id as host", "host_assignment.version"])
      .selectAll("instance")
      .execute();
    for (const [host, group] of Map.groupBy(rows, (row) => row.host)) {
      const version = group[0]?.version ?? 0;
      const instances = group.filter((row): row is typeof row & RegistryTables["instance"] => row.id !== null);
      this.#assignments.set(host, { version, assignments: instances.sort(compareEndpoints).map(createAssignment) });
      this.#assignmentVersion = Math.max(this.#assignmentVersion, version);
    }
    if (rows.length > 0) {
      this.#assignmentWaiters.wake();
    }
  }
}

function createTable(
  service: string,
  version: number,
  instances: RegistryTables["instance"][],
): VersionedTable["table"] {
  const routes = instances.sort(compareEndpoints).map((instance) => ({
    instanceId: instance.id,
    address: instance.address,
    port: instance.port,
    weight: instance.weight,
    hostId: instance.host_id ?? "",
  }));
  return { service, version: BigInt(version), routes };
}

function createAssignment(instance: RegistryTables["instance"]): HostAssignment["assignments"][number] {
  return {
    instanceId: instance.id,
    service: instance.service,
    address: instance.address,
    port: instance.port,
    run: true,
  };
}
