import type { MessageInitShape } from "@bufbuild/protobuf";
import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { type HostLoadSchema, LoadResource, type ServiceLoadSchema } from "@msec/api/console/v1/capacity_pb.js";
import type { ControlFeed } from "../agents/feed.ts";
import type { HostDirectory, HostState } from "../agents/host-directory.ts";
import { compareEndpoints } from "../registry/endpoint.ts";
import type { InstanceRow, ServiceRow } from "../registry/store.ts";
import { findProcess, hostView } from "../registry/view.ts";

type ServiceLoad = MessageInitShape<typeof ServiceLoadSchema>;
type InstanceLoad = NonNullable<ServiceLoad["loads"]>[number];
type HostLoad = MessageInitShape<typeof HostLoadSchema>;

/** The load of one service: what its hosts and its own processes take. */
export function serviceLoad(service: ServiceRow, instances: readonly InstanceRow[], hosts: HostDirectory): ServiceLoad {
  const loads = instances.toSorted(compareEndpoints).map((row) => instanceLoad(row, hosts));
  const routed = loads.filter((load) => load.inRouting === true);
  const reporting = routed.filter((load) => load.reporting === true);
  const sum = (value: (load: InstanceLoad) => number | undefined) =>
    loads.reduce((total, load) => total + (value(load) ?? 0), 0);
  return {
    service: service.name,
    kind: service.kind,
    loadPercent: mean(reporting.map((load) => load.loadPercent ?? 0)),
    instances: loads.length,
    inRouting: routed.length,
    inTables: routed.filter((load) => load.withheld !== true).length,
    reporting: reporting.length,
    cpuPercent: sum((load) => load.cpuPercent),
    memoryBytes: sum((load) => load.memoryBytes),
    inFlight: sum((load) => load.inFlight),
    loads,
  };
}

function instanceLoad(row: InstanceRow, hosts: HostDirectory): InstanceLoad {
  const host = row.host_id === null ? undefined : hosts.find(row.host_id);
  const process = findProcess(host, row.id);
  const workers = process?.workers ?? [];
  return {
    instanceId: row.id,
    address: row.address,
    port: row.port,
    hostId: row.host_id ?? "",
    hostName: host?.name ?? "",
    inRouting: row.in_routing === 1,
    withheld: row.withheld_ms > 0,
    reporting: host !== undefined && hosts.isConnected(host) && process?.state === ProcessState.RUNNING,
    loadPercent: host?.report?.cpuPercent ?? 0,
    cpuPercent: workers.reduce((sum, worker) => sum + worker.cpuPercent, process?.cpuPercent ?? 0),
    memoryBytes: workers.reduce((sum, worker) => sum + worker.memoryBytes, process?.memoryBytes ?? 0),
    state: process?.state ?? ProcessState.UNSPECIFIED,
    ...(process?.inFlight === undefined ? {} : { inFlight: process.inFlight }),
  };
}

/** The load of one host. */
export function hostLoad(
  host: HostState,
  instances: readonly InstanceRow[],
  hosts: HostDirectory,
  feed: ControlFeed,
): HostLoad {
  const { report } = host;
  const used = (total: number | undefined, available: number | undefined) =>
    total === undefined || total <= 0 ? 0 : (100 * (total - (available ?? 0))) / total;
  return {
    host: hostView(host, hosts, feed),
    cpuPercent: report?.cpuPercent ?? 0,
    memoryPercent: used(report?.memoryTotalBytes, report?.memoryAvailableBytes),
    diskPercent: used(report?.diskTotalBytes, report?.diskAvailableBytes),
    instances: instances.length,
    inRouting: instances.filter((row) => row.in_routing === 1).length,
  };
}

/** What a filter of hosts looks at, 0…100. */
export function loadOf(load: HostLoad, resource: LoadResource): number {
  const { cpuPercent = 0, memoryPercent = 0, diskPercent = 0 } = load;
  switch (resource) {
    case LoadResource.CPU:
      return cpuPercent;
    case LoadResource.MEMORY:
      return memoryPercent;
    case LoadResource.DISK:
      return diskPercent;
    default:
      return Math.max(cpuPercent, memoryPercent, diskPercent);
  }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
