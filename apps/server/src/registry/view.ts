import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Process } from "@msec/api/agent/v1/common_pb.js";
import type { HostSchema, InstanceSchema, ServiceSchema } from "@msec/api/console/v1/registry_pb.js";
import type { ControlFeed } from "../agents/feed.ts";
import type { HostDirectory, HostState } from "../agents/host-directory.ts";
import { hostRouteState } from "../agents/route-state.ts";
import { settingsOf } from "./control-feed.ts";
import { compareEndpoints } from "./endpoint.ts";
import { policyOf } from "./routing-policy.ts";
import type { SilenceWatch } from "./silence-watch.ts";
import type { InstanceRow, ServiceRow } from "./store.ts";

/** A service with its instances by address and port. */
export function serviceView(
  row: ServiceRow,
  instances: readonly InstanceRow[],
  hosts: HostDirectory,
  silence: SilenceWatch,
): MessageInitShape<typeof ServiceSchema> {
  return {
    name: row.name,
    kind: row.kind,
    defaultPort: row.default_port,
    createdMs: row.created_ms,
    routeVersion: BigInt(row.route_version),
    instances: instances.toSorted(compareEndpoints).map((instance) => instanceView(instance, hosts, silence)),
    ...policyOf(row),
  };
}

/** An instance, merged with what its host's agent last said of it. */
export function instanceView(
  row: InstanceRow,
  hosts: HostDirectory,
  silence: SilenceWatch,
): MessageInitShape<typeof InstanceSchema> {
  const host = row.host_id === null ? undefined : hosts.find(row.host_id);
  const process = findProcess(host, row.id);
  return {
    id: row.id,
    service: row.service,
    address: row.address,
    port: row.port,
    hostId: row.host_id ?? "",
    hostName: host?.name ?? "",
    inRouting: row.in_routing === 1,
    weight: row.weight,
    routingChangedMs: row.routing_changed_ms,
    ...(process === undefined ? {} : { process }),
    reportedMs: host?.report === undefined ? 0 : host.seenMs,
    run: row.run === 1,
    ...settingsOf(row),
    transport: row.transport,
    silentSinceMs: silence.silentSinceMs(row),
    withheld: row.withheld_ms > 0,
    generation: BigInt(row.generation),
  };
}

/** What a host's agent last said of an instance; of two processes, as while one replaces the other, the newer. */
export function findProcess(host: HostState | undefined, instanceId: string): Process | undefined {
  let found: Process | undefined;
  for (const process of host?.report?.processes ?? []) {
    if (process.instanceId === instanceId && (found === undefined || process.generation > found.generation)) {
      found = process;
    }
  }
  return found;
}

/** A host with what its agent last said. */
export function hostView(
  host: HostState,
  hosts: HostDirectory,
  feed: ControlFeed,
): MessageInitShape<typeof HostSchema> {
  const { report } = host;
  const routes = hostRouteState(host, feed);
  return {
    id: host.id,
    name: host.name,
    address: host.address,
    connected: hosts.isConnected(host),
    lastSeenMs: host.seenMs,
    appliedRouteVersion: BigInt(host.appliedRouteVersion),
    processes: report?.processes ?? [],
    load1m: report?.load1m ?? 0,
    memoryTotalBytes: report?.memoryTotalBytes ?? 0,
    memoryAvailableBytes: report?.memoryAvailableBytes ?? 0,
    cpuPercent: report?.cpuPercent ?? 0,
    cpus: report?.cpus ?? 0,
    zone: host.zone,
    usedRouteVersion: BigInt(host.usedRouteVersion),
    routeState: routes.state,
    routeBehindSinceMs: routes.behindSinceMs,
    routeProblem: routes.problem,
    diskTotalBytes: report?.diskTotalBytes ?? 0,
    diskAvailableBytes: report?.diskAvailableBytes ?? 0,
    diskReadRate: report?.diskReadRate ?? 0,
    diskWriteRate: report?.diskWriteRate ?? 0,
    networkReceiveRate: report?.networkReceiveRate ?? 0,
    networkTransmitRate: report?.networkTransmitRate ?? 0,
    agentVersion: report?.agentVersion ?? "",
  };
}
