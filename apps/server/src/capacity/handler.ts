import type { ServiceImpl } from "@connectrpc/connect";
import { type CapacityService, LoadResource, OperationKind } from "@msec/api/console/v1/capacity_pb.js";
import { RouteState } from "@msec/api/console/v1/registry_pb.js";
import { Code, RpcError } from "@msec/rpc";
import type { HostDirectory } from "../agents/host-directory.ts";
import type { PushOrders } from "../agents/push-orders.ts";
import { hostRouteState } from "../agents/route-state.ts";
import type { RegistryFeed } from "../registry/control-feed.ts";
import type { RegistryStore } from "../registry/store.ts";
import { callerName, requestOriginKey } from "../session/caller.ts";
import { hostGoneMs } from "./callers.ts";
import { hostLoad, loadOf, serviceLoad } from "./loads.ts";
import type { Operations } from "./operations.ts";
import { operationView } from "./view.ts";

const instancesMax = 1_000;
const waitMaxMs = 30_000;
const listMax = 200;

/** What the methods work on. */
export interface CapacityParts {
  readonly operations: Operations;
  readonly registry: RegistryStore;
  readonly feed: RegistryFeed;
  readonly hosts: HostDirectory;
  readonly pushes: PushOrders;
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
}

/** `msec.console.v1.CapacityService`. */
export function createCapacityHandler(parts: CapacityParts): ServiceImpl<typeof CapacityService> {
  const { operations, registry, feed, hosts, now } = parts;
  return {
    async startOperation({ kind, instanceIds, stepTimeoutMs, force, batch }, context) {
      if (OperationKind[kind] === undefined || kind === OperationKind.UNSPECIFIED) {
        throw new RpcError(
          Code.InvalidArgument,
          `kind ${kind} must be 1 (in), 2 (out), 3 (stop), 4 (start), 5 (restart) or 6 (reload)`,
        );
      }
      assertRange("step_timeout_ms", stepTimeoutMs, 1_000, 3_600_000);
      assertRange("batch", batch, 1, instancesMax);
      const ids = [...new Set(instanceIds)];
      if (ids.length === 0 || ids.length > instancesMax) {
        throw new RpcError(Code.InvalidArgument, `instance_ids has ${ids.length} ids, expected 1…${instancesMax}`);
      }
      const operation = await operations.start({
        kind,
        instanceIds: ids,
        stepTimeoutMs: stepTimeoutMs || 60_000,
        force,
        batch: batch || 1,
        startedBy: callerName(context.values.get(requestOriginKey).caller),
      });
      return { operation: operationView(operation, now()) };
    },

    async watchOperation({ id, revision, waitMs }, context) {
      assertRange("wait_ms", waitMs, 0, waitMaxMs);
      const operation = await operations.watch(id, Number(revision), waitMs, context.signal);
      return { operation: operationView(operation, now()) };
    },

    async listOperations({ service, limit, running }) {
      assertRange("limit", limit, 1, listMax);
      const found = await operations.list({ service, running, limit: limit || 50 });
      return { operations: found.map((operation) => operationView(operation, now())) };
    },

    async cancelOperation({ id }) {
      return { operation: operationView(await operations.cancel(id), now()) };
    },

    getDistribution() {
      // A host that nobody has heard for long is not behind, it is gone.
      const all = hosts.list().filter((host) => now() - host.seenMs <= hostGoneMs);
      const states = all.map((host) => ({ host, routes: hostRouteState(host, feed) }));
      const lacking = states.filter(
        ({ host, routes }) => routes.state !== RouteState.CURRENT || host.usedRouteVersion < feed.routeVersion,
      );
      return {
        routeVersion: BigInt(feed.routeVersion),
        publishedMs: feed.newerSinceMs(feed.routeVersion - 1),
        hosts: all.length,
        hostsApplied: states.filter(({ routes }) => routes.state === RouteState.CURRENT).length,
        hostsUsed: all.filter((host) => host.usedRouteVersion >= feed.routeVersion).length,
        behind: lacking
          .map(({ host, routes }) => ({
            hostId: host.id,
            name: host.name,
            address: host.address,
            connected: hosts.isConnected(host),
            state: routes.state,
            appliedRouteVersion: BigInt(host.appliedRouteVersion),
            usedRouteVersion: BigInt(host.usedRouteVersion),
            behindSinceMs: routes.behindSinceMs || feed.newerSinceMs(host.usedRouteVersion),
            problem: routes.problem,
          }))
          .sort((left, right) => left.behindSinceMs - right.behindSinceMs),
      };
    },

    pushRoutes({ hostIds }) {
      const chosen = hostIds.length === 0 ? hosts.list() : [...new Set(hostIds)].map((id) => getHost(hosts, id));
      parts.pushes.order(chosen.map(({ id }) => id));
      feed.wakeAll();
      const connected = chosen.filter((host) => hosts.isConnected(host)).length;
      return { hostsConnected: connected, hostsWaiting: chosen.length - connected };
    },

    async listServiceLoads({ group, abovePercent }) {
      assertPercent(abovePercent);
      const [services, instances] = [await registry.listServices(), await registry.listInstances()];
      const byService = Map.groupBy(instances, (row) => row.service);
      const loads = services
        .filter(({ name }) => group === "" || name.startsWith(`${group}.`))
        .map((service) => serviceLoad(service, byService.get(service.name) ?? [], hosts))
        .filter((load) => abovePercent === 0 || (load.loadPercent ?? 0) > abovePercent)
        .sort(
          (a, b) => (b.loadPercent ?? 0) - (a.loadPercent ?? 0) || ((a.service ?? "") < (b.service ?? "") ? -1 : 1),
        );
      return { services: loads };
    },

    async listHostLoads({ abovePercent, resource }) {
      assertPercent(abovePercent);
      if (LoadResource[resource] === undefined) {
        throw new RpcError(Code.InvalidArgument, `resource ${resource} must be 0…3`);
      }
      const byHost = Map.groupBy(await registry.listInstances(), (row) => row.host_id ?? "");
      const loads = hosts
        .list()
        .map((host) => hostLoad(host, byHost.get(host.id) ?? [], hosts, feed))
        .filter((load) => abovePercent === 0 || loadOf(load, resource) > abovePercent)
        .sort((a, b) => loadOf(b, resource) - loadOf(a, resource));
      return { hosts: loads };
    },
  };
}

function getHost(hosts: HostDirectory, id: string) {
  const host = hosts.find(id);
  if (host === undefined) throw new RpcError(Code.NotFound, `there is no host ${JSON.stringify(id.slice(0, 80))}`);
  return host;
}

/** 0 stands for the default. */
function assertRange(field: string, value: number, least: number, most: number): void {
  if (value !== 0 && (value < least || value > most)) {
    throw new RpcError(Code.InvalidArgument, `${field} ${value} must be ${least}…${most}`);
  }
}

function assertPercent(value: number): void {
  if (!(value >= 0 && value <= 100)) throw new RpcError(Code.InvalidArgument, `above_percent ${value} must be 0…100`);
}
