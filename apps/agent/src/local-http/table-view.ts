import { type RouteTable, Transport } from "@msec/api/agent/v1/common_pb.js";
import type { Explanation } from "@msec/balance";
import type { Caller } from "../sharing/shared-findings.ts";

/** A service's table as the local API shows it: each instance with its weight, and why it gets what it gets, for the local API's callers and for each process of this host. */
export function tableView(table: RouteTable, explained: readonly Explanation[], callers: readonly Caller[]): object {
  return {
    service: table.service,
    version: Number(table.version),
    policy: table.policy?.name || "adaptive",
    instances: table.routes.map(({ instanceId, address, port, weight, zone, hostId, transport }) => ({
      instanceId,
      address,
      port,
      weight,
      zone,
      hostId,
      transport: transportName(transport),
    })),
    // As the local API chooses; what the host's processes think stands with each of them.
    local: explained.map(thoughtOf),
    callers: callers.map(({ service, instance, pid, silentMs, instances }) => ({
      service,
      instance,
      pid,
      silentMs: Math.round(silentMs),
      instances: instances.map(thoughtOf),
    })),
  };
}

/** The services that there are, by name. */
export function servicesView(tables: readonly RouteTable[]): object[] {
  return tables.map(({ service, version, routes }) => ({
    service,
    version: Number(version),
    instances: routes.length,
  }));
}

/** `tcp`, `udp` or `tcp+udp`. */
export function transportName(transport: Transport): string {
  switch (transport) {
    case Transport.UDP:
      return "udp";
    case Transport.TCP_AND_UDP:
      return "tcp+udp";
    default:
      return "tcp";
  }
}

function thoughtOf({ address, port, ...thought }: Explanation): object {
  const { state, share, latencyMs, successRatio, inFlight, failuresInRow, retryInMs, reason } = thought;
  return { address, port, state, share, latencyMs, successRatio, inFlight, failuresInRow, retryInMs, reason };
}
