import { randomBytes } from "node:crypto";
import type { RouteTable, Route as WireRoute } from "@msec/api/agent/v1/common_pb.js";
import type { Balancer, Explanation, Locality, Route } from "@msec/balance";
import { nearestName } from "@msec/process";
import { Code, RpcError } from "@msec/rpc";
import type { RouteTables } from "../routes/route-tables.ts";
import type { SharedFindings, Teller } from "../sharing/shared-findings.ts";
import { localLimits } from "./local-limits.ts";
import { balancerOf, takeTable } from "./table-balancer.ts";

/** A route that was lent: where to go, and the handle under which to say how it went. */
export interface LentRoute {
  readonly handle: string;
  readonly service: string;
  readonly route: WireRoute;
}

/** How it went at a lent route. */
export interface CallOutcome {
  readonly ok: boolean;
  /** Milliseconds. */
  readonly costMs: number;
  /** Whether the instance answered, though it failed; default: as `ok`. */
  readonly reached?: boolean | undefined;
}

/** The parts of the agent that the desk stands on. */
export interface RouteDeskParts {
  readonly tables: Pick<RouteTables, "find" | "all" | "zone">;
  readonly shared: SharedFindings;
  /** `performance.now` */
  readonly now: () => number;
  /** This host's id; empty until it is enrolled. */
  readonly hostId: () => string;
}

interface Served {
  table: RouteTable;
  readonly balancer: Balancer;
  heardMs: number;
  /** Calls of each instance when its findings were last told. */
  told: Map<string, number>;
  /** Whether anything was said since. */
  hasNews: boolean;
}

interface Loan {
  readonly balancer: Balancer;
  readonly served: Served;
  readonly route: Route;
  /** Whether it counts as a call in flight. */
  isOut: boolean;
  usedMs: number;
}

// Callers of the local API are together one voice among the host's processes: the agent's.
const teller: Teller = { service: "msec.agent", instance: "local-api", pid: process.pid };
const HEAR_EVERY_MS = 1_000;

/**
 * Lends routes to programs without an SDK and learns from what they say of them: one balancer for each service, for all of these programs together.
 *
 * A lent route counts as a call in flight until something is said of it, or a minute has passed. Each further word is one more call.
 */
export class RouteDesk {
  readonly #parts: RouteDeskParts;
  /** In the order of their last use. */
  readonly #services = new Map<string, Served>();
  /** In the order of their last use. */
  readonly #loans = new Map<string, Loan>();

  constructor(parts: RouteDeskParts) {
    this.#parts = parts;
  }

  /**
   * Choose an instance.
   *
   * @param key  for services with consistent hashing
   * @throws RpcError NotFound, Unavailable
   */
  lend(service: string, key?: string): LentRoute {
    const nowMs = this.#parts.now();
    const served = this.#serve(service, nowMs);
    const { balancer, table } = served;
    const route = balancer.pick(undefined, key);
    if (route === undefined) {
      throw new RpcError(
        Code.Unavailable,
        `${service} has no instance in routing; take one into routing in the console`,
      );
    }
    balancer.started(route);
    if (this.#loans.size >= localLimits.loans) this.#forget(this.#loans.keys().next().value!);
    const handle = randomBytes(16).toString("base64url");
    this.#loans.set(handle, { balancer, served, route, isOut: true, usedMs: nowMs });
    const { address, port } = route;
    return { handle, service, route: table.routes.find((each) => each.port === port && each.address === address)! };
  }

  /** Learn how it went. @throws RpcError NotFound for a handle that was not given, or is forgotten */
  report(handle: string, { ok, costMs, reached = ok }: CallOutcome): void {
    const loan = this.#loans.get(handle);
    if (loan === undefined) {
      throw new RpcError(
        Code.NotFound,
        "this handle was not given by this agent, or not used for ten minutes; ask getroute for another",
      );
    }
    if (!loan.isOut) loan.balancer.started(loan.route);
    loan.isOut = false;
    loan.usedMs = this.#parts.now();
    loan.served.hasNews = true;
    loan.balancer.finished(loan.route, { ok, durationMs: costMs, transportFailed: !ok && !reached });
    this.#loans.delete(handle);
    this.#loans.set(handle, loan);
  }

  /** Why each instance of a service would get what it would get. @throws RpcError NotFound */
  explain(service: string): { readonly table: RouteTable; readonly instances: readonly Explanation[] } {
    const nowMs = this.#parts.now();
    const served = this.#services.get(service);
    const { table, balancer } = served === undefined ? this.#fresh(service, nowMs) : this.#serve(service, nowMs);
    return { table, instances: balancer.explain() };
  }

  /** End loans of which nothing was said, and tell the host's processes what was found; once a second. */
  tick(): void {
    const nowMs = this.#parts.now();
    for (const [handle, loan] of this.#loans) {
      const idleMs = nowMs - loan.usedMs;
      if (loan.isOut && idleMs >= localLimits.loanMs) giveBack(loan);
      if (idleMs >= localLimits.handleMs) this.#loans.delete(handle);
    }
    for (const [service, served] of this.#services) if (served.hasNews) this.#tell(service, served);
  }

  #tell(service: string, served: Served): void {
    served.hasNews = false;
    const changed = served.balancer.findings().filter(({ address, port, calls }) => {
      const place = `${address} ${port}`;
      if (served.told.get(place) === calls) return false;
      served.told.set(place, calls);
      return true;
    });
    if (changed.length > 0) this.#parts.shared.tell(teller, service, changed);
  }

  #serve(service: string, nowMs: number): Served {
    const served = this.#services.get(service);
    if (served === undefined) {
      const fresh = this.#fresh(service, nowMs);
      if (this.#services.size >= localLimits.routedServices) this.#services.delete(this.#services.keys().next().value!);
      this.#services.set(service, fresh);
      return fresh;
    }
    this.#services.delete(service);
    this.#services.set(service, served);
    const table = this.#tableOf(service);
    if (table !== served.table) {
      takeTable(served.balancer, table, this.#here());
      served.table = table;
    }
    if (nowMs - served.heardMs >= HEAR_EVERY_MS) {
      served.balancer.hear(this.#parts.shared.hearsayOf(service));
      served.heardMs = nowMs;
    }
    return served;
  }

  #fresh(service: string, nowMs: number): Served {
    const table = this.#tableOf(service);
    const balancer = balancerOf(table, this.#here(), this.#parts.now);
    balancer.hear(this.#parts.shared.hearsayOf(service));
    return { table, balancer, heardMs: nowMs, told: new Map(), hasNews: false };
  }

  // What the server said of this host, else what any table says that has an instance of it.
  #here(): Locality {
    const hostId = this.#parts.hostId();
    const { zone } = this.#parts.tables;
    if (hostId === "" || zone !== "") return { hostId, zone };
    for (const { routes } of this.#parts.tables.all()) {
      const own = routes.find((route) => route.hostId === hostId && route.zone !== "");
      if (own !== undefined) return { hostId, zone: own.zone };
    }
    return { hostId, zone: "" };
  }

  #tableOf(service: string): RouteTable {
    const table = this.#parts.tables.find(service);
    if (table !== undefined) return table;
    const nearest = nearestName(
      service,
      this.#parts.tables.all().map((each) => each.service),
    );
    const hint =
      nearest === undefined
        ? "msec services, or GET /v1/services, lists those that there are"
        : `did you mean ${nearest}?`;
    throw new RpcError(Code.NotFound, `there is no service ${service}; ${hint}`);
  }

  #forget(handle: string): void {
    const loan = this.#loans.get(handle);
    if (loan?.isOut === true) giveBack(loan);
    this.#loans.delete(handle);
  }
}

function giveBack(loan: Loan): void {
  loan.isOut = false;
  loan.balancer.abandoned(loan.route);
}
