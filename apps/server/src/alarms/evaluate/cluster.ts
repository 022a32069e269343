import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import type { HostDirectory } from "../../agents/host-directory.ts";
import type { ServerStore } from "../../schema.ts";

/** What alarms need to know of services, instances and hosts. */
export interface Cluster {
  /** Names of all registered services. */
  readonly services: ReadonlySet<string>;
  readonly instances: readonly ClusterInstance[];
  readonly hosts: readonly ClusterHost[];
}

/** One registered instance. */
export interface ClusterInstance {
  readonly service: string;
  /** `10.0.0.1:7963`, as telemetry names it; a program that listens on nothing has port 0. */
  readonly instance: string;
  readonly listens: boolean;
  /** Name of its host; empty for external services. */
  readonly host: string;
  readonly inRouting: boolean;
  /** An operator wants it to run. */
  readonly meantToRun: boolean;
  /** Its process runs and answers, as its host's agent says at the moment. */
  readonly running: boolean;
}

/** One enrolled host. */
export interface ClusterHost {
  readonly name: string;
  /** When its agent was last heard, milliseconds since 1970 UTC; 0: never. */
  readonly seenMs: number;
}

/** Read the cluster as it is now. */
export async function readCluster(store: ServerStore, directory: HostDirectory): Promise<Cluster> {
  const services = await store.db.selectFrom("service").select("name").execute();
  const rows = await store.db
    .selectFrom("instance")
    .select(["id", "service", "address", "port", "host_id", "in_routing", "run", "withheld_ms"])
    .execute();
  const hosts = directory.list();
  const byId = new Map(hosts.map((host) => [host.id, host]));
  const instances = rows.map((row) => {
    const host = row.host_id === null ? undefined : byId.get(row.host_id);
    const process = host?.report?.processes.find(({ instanceId }) => instanceId === row.id);
    return {
      service: row.service,
      instance: `${row.address.includes(":") ? `[${row.address}]` : row.address}:${row.port}`,
      listens: row.port > 0,
      host: host?.name ?? "",
      inRouting: row.in_routing === 1,
      meantToRun: row.run === 1,
      running:
        row.withheld_ms === 0 &&
        host !== undefined &&
        directory.isConnected(host) &&
        process?.state === ProcessState.RUNNING,
    };
  });
  return {
    services: new Set(services.map(({ name }) => name)),
    instances,
    hosts: hosts.map(({ name, seenMs }) => ({ name, seenMs })),
  };
}
