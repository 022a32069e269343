import { fromJsonString, type MessageInitShape } from "@bufbuild/protobuf";
import { InstanceSettingsSchema, RoutingPolicySchema } from "@msec/api/agent/v1/common_pb.js";
import { combineDigests, type RouteFields, type RouteTableFields } from "@msec/api/routes";
import type { ControlFeed, HostAssignment, RouteChanges } from "../agents/feed.ts";
import { Waiters } from "../agents/waiters.ts";
import type { ServerStore } from "../schema.ts";
import { compareEndpoints } from "./endpoint.ts";
import { RouteChangeLog } from "./route-changes.ts";
import { RouteHistory } from "./route-history.ts";
import type { InstanceRow } from "./store.ts";

// Agents of one moment have few different versions; more than this are agents that come back one by one.
const answersKept = 64;

/**
 * Route tables and assignments in memory, brought up to date from the database after each change.
 *
 * A change costs its service's table once (read, digest, difference), and each agent's answer what changed for it.
 */
export class RegistryFeed implements ControlFeed {
  readonly #store: ServerStore;
  readonly #now: () => number;
  readonly #routeWaiters = new Waiters();
  readonly #assignmentWaiters = new Map<string, Waiters>();
  readonly #tables = new Map<string, RouteHistory>();
  /** By service. */
  readonly #routed = new Map<string, readonly InstanceRow[]>();
  readonly #changes = new RouteChangeLog();
  readonly #assignments = new Map<string, HostAssignment>();
  /** Answers at the present version, by what was applied: most agents ask the same. */
  readonly #answers = new Map<string, RouteChanges>();
  #routeVersion = 0;
  #digest = 0n;
  #startedMs = 0;
  #assignmentVersion = 0;
  #refreshing: Promise<void> = Promise.resolve();

  /** @param now  milliseconds since 1970 UTC */
  constructor(store: ServerStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  get routeVersion(): number {
    return this.#routeVersion;
  }

  get routeDigest(): bigint {
    return combineDigests([this.#digest]);
  }

  /** All instances in routing, those that are left out of the tables too, as of the last change of their services. */
  routed(): InstanceRow[] {
    return [...this.#routed.values()].flat();
  }

  /** Read what is newer in the database and wake who waits for it; called at start and after each change. */
  async refresh(): Promise<void> {
    // One after the other: a slow one must not put back what a later one has read.
    const mine = this.#refreshing.then(() => this.#refreshNow());
    this.#refreshing = mine.catch(() => {}); // The caller gets the error; the next one tries again.
    await mine;
  }

  routesSince(applied: number, deltas: boolean): RouteChanges {
    const key = `${applied} ${deltas}`;
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = this.#makeAnswer(applied, deltas);
      if (this.#answers.size >= answersKept) this.#answers.clear();
      this.#answers.set(key, answer);
    }
    return answer;
  }

  newerSinceMs(applied: number): number {
    if (applied >= this.#routeVersion) return 0;
    return Math.max(this.#changes.firstSinceMs(applied) ?? this.#startedMs, this.#startedMs);
  }

  async waitForRoutes(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    return await this.#routeWaiters.wait(timeoutMs, signal);
  }

  assignmentOf(hostId: string): HostAssignment {
    return this.#assignments.get(hostId) ?? { version: 0, assignments: [] };
  }

  async waitForAssignment(hostId: string, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    let waiters = this.#assignmentWaiters.get(hostId);
    if (waiters === undefined) {
      waiters = new Waiters();
      this.#assignmentWaiters.set(hostId, waiters);
    }
    const woken = await waiters.wait(timeoutMs, signal);
    if (waiters.size === 0 && this.#assignmentWaiters.get(hostId) === waiters) this.#assignmentWaiters.delete(hostId);
    return woken;
  }

  wakeAll(): void {
    this.#routeWaiters.wake();
    for (const waiters of this.#assignmentWaiters.values()) waiters.wake();
  }

  #makeAnswer(applied: number, wantsDeltas: boolean): RouteChanges {
    const services = applied === 0 ? undefined : this.#changes.servicesSince(applied);
    const found =
      services === undefined
        ? [...this.#tables.values()].filter(({ newest }) => newest.version > applied)
        : [...services].map((service) => this.#tables.get(service) as RouteHistory);
    const tables: RouteTableFields[] = [];
    const deltas: RouteChanges["deltas"][number][] = [];
    for (const history of found) {
      const delta = wantsDeltas && applied > 0 ? history.deltaSince(applied) : undefined;
      if (delta !== undefined) deltas.push(delta);
      // Who never had it need not hear that it is gone.
      else if (applied > 0 || history.newest.table.deleted !== true) tables.push(history.newest.table);
    }
    return { version: this.#routeVersion, tables, deltas, digest: this.routeDigest };
  }

  async #refreshNow(): Promise<void> {
    const isFirst = this.#startedMs === 0;
    const changed = await this.#refreshRoutes();
    if (isFirst) {
      this.#startedMs = this.#now();
      this.#changes.startAfter(this.#routeVersion);
    }
    if (changed) {
      this.#answers.clear();
      this.#routeWaiters.wake();
    }
    await this.#refreshAssignments();
  }

  async #refreshRoutes(): Promise<boolean> {
    // Versions become visible in their order (see cluster_version), so up to this one none is missing. What is newer by the
    // time that the tables are read is left to the refresh that its change asks for.
    const { value: upTo } = await this.#store.db
      .selectFrom("cluster_version")
      .select("value")
      .where("name", "=", "route")
      .executeTakeFirstOrThrow();
    const news = [...(await this.#readTables(upTo)), ...(await this.#readRemoved(upTo))];
    for (const table of news.sort((left, right) => Number(left.version) - Number(right.version))) this.#take(table);
    return news.length > 0;
  }

  async #readTables(upTo: number): Promise<RouteTableFields[]> {
    // One statement, so that a version and the instances that belong to it are of the same moment.
    const rows = await this.#store.db
      .selectFrom("service")
      .leftJoin("instance", (join) =>
        join.onRef("instance.service", "=", "service.name").on("instance.in_routing", "=", 1),
      )
      .leftJoin("host", "host.id", "instance.host_id")
      .where("service.route_version", ">", this.#routeVersion)
      .where("service.route_version", "<=", upTo)
      .select(["service.name", "service.route_version", "service.policy", "host.zone"])
      .selectAll("instance")
      .execute();
    return [...Map.groupBy(rows, (row) => row.name)].map(([name, group]) => {
      const routed = group.filter((row): row is typeof row & InstanceRow => row.id !== null).sort(compareEndpoints);
      this.#routed.set(name, routed);
      const routes = routed.filter((row) => row.withheld_ms === 0).map((row) => createRoute(row, row.zone ?? ""));
      const policy = group[0]?.policy ?? "";
      return {
        service: name,
        version: BigInt(group[0]?.route_version ?? 0),
        routes,
        ...(policy === ""
          ? {}
          : { policy: fromJsonString(RoutingPolicySchema, policy, { ignoreUnknownFields: true }) }),
      };
    });
  }

  async #readRemoved(upTo: number): Promise<RouteTableFields[]> {
    const rows = await this.#store.db
      .selectFrom("removed_service")
      .selectAll()
      .where("route_version", ">", this.#routeVersion)
      .where("route_version", "<=", upTo)
      .execute();
    for (const { name } of rows) this.#routed.delete(name);
    return rows.map((row) => ({ service: row.name, version: BigInt(row.route_version), deleted: true }));
  }

  #take(table: RouteTableFields): void {
    const service = table.service ?? "";
    const version = Number(table.version ?? 0n);
    const history = this.#tables.get(service);
    if (history === undefined) {
      const made = new RouteHistory(version, table);
      this.#tables.set(service, made);
      this.#digest ^= made.newest.digest;
    } else {
      this.#digest ^= history.newest.digest;
      history.push(version, table);
      this.#digest ^= history.newest.digest;
    }
    this.#changes.add(version, service, this.#now());
    this.#routeVersion = Math.max(this.#routeVersion, version);
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
      const instances = group.filter((row): row is typeof row & InstanceRow => row.id !== null);
      this.#assignments.set(host, { version, assignments: instances.sort(compareEndpoints).map(createAssignment) });
      this.#assignmentVersion = Math.max(this.#assignmentVersion, version);
      this.#assignmentWaiters.get(host)?.wake();
    }
  }
}

function createRoute(instance: InstanceRow, zone: string): RouteFields {
  return {
    instanceId: instance.id,
    address: instance.address,
    port: instance.port,
    weight: instance.weight,
    hostId: instance.host_id ?? "",
    zone,
    transport: instance.transport,
  };
}

function createAssignment(instance: InstanceRow): HostAssignment["assignments"][number] {
  return {
    instanceId: instance.id,
    service: instance.service,
    address: instance.address,
    port: instance.port,
    run: instance.run === 1,
    generation: BigInt(instance.generation),
    ...settingsOf(instance),
  };
}

/** The settings of an instance as a field of a message; none where it has none. */
export function settingsOf({ settings }: Pick<InstanceRow, "settings">): {
  settings?: MessageInitShape<typeof InstanceSettingsSchema>;
} {
  return settings === ""
    ? {}
    : { settings: fromJsonString(InstanceSettingsSchema, settings, { ignoreUnknownFields: true }) };
}
