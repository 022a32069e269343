import type { RoutingPolicy } from "@msec/api/agent/v1/common_pb.js";
import type { WatchRoutesResponse } from "@msec/api/agent/v1/local_pb.js";
import type { Route } from "@msec/balance";

/**
 * The route tables of this process: what the agent last said, kept for as long as the process lives, whatever becomes of
 * the agent and the server.
 */
export class RouteCache {
  readonly #onChange: (service: string) => void;
  #tables = new Map<string, readonly Route[]>();
  readonly #policies = new Map<string, RoutingPolicy>();
  readonly #versions = new Map<string, number>();
  #version = 0n;
  #known = Promise.withResolvers<void>();
  #isKnown = false;
  #zone = "";

  /** @param onChange  hears of each service whose table was replaced or removed */
  constructor(onChange: (service: string) => void) {
    this.#onChange = onChange;
  }

  /** The highest version that was applied, 0 before the first. */
  get version(): bigint {
    return this.#version;
  }

  /** Whether tables have ever arrived. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Resolves when the first tables have arrived. */
  get known(): Promise<void> {
    return this.#known.promise;
  }

  /** The instances of a service in routing; `undefined` where no such service is known. */
  find(service: string): readonly Route[] | undefined {
    return this.#tables.get(service);
  }

  /** What its table says of how to choose; `undefined`: the defaults. */
  policyOf(service: string): RoutingPolicy | undefined {
    return this.#policies.get(service);
  }

  /** In which version of all tables the service's own last changed; 0 where no such service is known. */
  versionOf(service: string): number {
    return this.#versions.get(service) ?? 0;
  }

  /** The zone of this host: what its agent says, else what any table says of it; empty where nobody does. */
  zoneOf(hostId: string): string {
    if (hostId === "" || this.#zone !== "") return this.#zone;
    for (const routes of this.#tables.values()) {
      const own = routes.find((route) => route.hostId === hostId);
      if (own !== undefined) return own.zone ?? "";
    }
    return "";
  }

  /** Names of all services, in order. */
  services(): string[] {
    return [...this.#tables.keys()].sort();
  }

  /** All tables. */
  all(): IterableIterator<[string, readonly Route[]]> {
    return this.#tables.entries();
  }

  /**
   * Applies what the agent said.
   *
   * @returns whether anything was new; an agent that knows nothing itself changes nothing
   */
  apply(response: WatchRoutesResponse): boolean {
    if (response.unknown) return false;
    const hasMoved = response.zone !== this.#zone;
    this.#zone = response.zone;
    const restored = response.version < this.#version;
    // Everything at once, but an empty everything is an agent that lost its memory, not a cluster without services.
    if (restored && response.tables.length > 0) this.#forget(response);
    for (const table of response.tables) {
      if (table.deleted) this.#tables.delete(table.service);
      else this.#tables.set(table.service, table.routes);
      if (table.deleted) this.#versions.delete(table.service);
      else this.#versions.set(table.service, Number(table.version));
      if (table.deleted || table.policy === undefined) this.#policies.delete(table.service);
      else this.#policies.set(table.service, table.policy);
      this.#onChange(table.service);
    }
    // Who chooses by where it is looks again.
    if (hasMoved) for (const service of this.#tables.keys()) this.#onChange(service);
    const isNew = hasMoved || response.tables.length > 0 || response.version !== this.#version || !this.#isKnown;
    if (!restored || response.tables.length > 0) this.#version = response.version;
    this.#isKnown = true;
    this.#known.resolve();
    return isNew && !(restored && response.tables.length === 0);
  }

  // A control plane restored from a backup sends all tables; the services that it does not send do not exist any more.
  #forget(response: WatchRoutesResponse): void {
    const kept = new Set(response.tables.map(({ service }) => service));
    for (const service of [...this.#tables.keys()]) {
      if (kept.has(service)) continue;
      this.#tables.delete(service);
      this.#policies.delete(service);
      this.#versions.delete(service);
      this.#onChange(service);
    }
  }
}
