import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HostSchema, InstanceSchema, ServiceSchema } from "@msec/api/console/v1/registry_pb.js";
import type { HostDirectory, HostState } from "../agents/host-directory.ts";
import { compareEndpoints } from "./endpoint.ts";
import type { InstanceRow, ServiceRow } from "./store.ts";

/** A service with its instances by address and port. */
export function serviceView(
  row: ServiceRow,
  instances: readonly InstanceRow[],
  hosts: HostDirectory,
): MessageInitShape<typeof ServiceSchema> {
  return {
    name: row.name,
    kind: row.kind,
    defaultPort: row.default_port,
    createdMs: row.created_ms,
    routeVersion: BigInt(row.route_version),
    instances: instances.toSorted(compareEndpoints).map((instance) => instanceView(instance, hosts)),
  };
}

/** An instance, merged with what its host's agent last said of it. */
export function instanceView(row: InstanceRow, hosts: HostDirectory): MessageInitShape<typeof InstanceSchema> {
  const host = row.host_id === null ? undefined : hosts.find(row.host_id);
  const process = host?.report?.processes.find(({ instanceId }) => instanceId === row.id);
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
  };
}

/** A host with what its agent last said. */
export function hostView(host: HostState, hosts: HostDirectory): MessageInitShape<typeof HostSchema> {
  const { report } = host;
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
  };
}
