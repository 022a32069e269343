import type { ControlFeed } from "../agents/feed.ts";
import type { HostDirectory, HostState } from "../agents/host-directory.ts";
import type { CallersFact } from "./advance.ts";
import type { WaitingHost } from "./operation.ts";

/** A host of which nothing was heard for this long is not waited for: it may never come back. */
export const hostGoneMs = 5 * 60_000;

/** How far the hosts are with a route version, as their agents say. */
export function callersOf(
  routeVersion: number,
  hosts: Pick<HostDirectory, "list" | "isConnected">,
  feed: Pick<ControlFeed, "newerSinceMs">,
  nowMs: number,
): CallersFact {
  const waiting: WaitingHost[] = [];
  const skipped: WaitingHost[] = [];
  let count = 0;
  let acknowledged = 0;
  for (const host of hosts.list()) {
    if (nowMs - host.seenMs > hostGoneMs) {
      // One that has never asked has no callers that anybody routes.
      if (host.seenMs > 0 && host.usedRouteVersion < routeVersion) skipped.push(waitingHost(host, hosts, feed));
      continue;
    }
    count++;
    if (host.usedRouteVersion >= routeVersion) acknowledged++;
    else waiting.push(waitingHost(host, hosts, feed));
  }
  waiting.sort((left, right) => left.sinceMs - right.sinceMs);
  return { hosts: count, acknowledged, waiting, skipped };
}

function waitingHost(
  host: HostState,
  hosts: Pick<HostDirectory, "isConnected">,
  feed: Pick<ControlFeed, "newerSinceMs">,
): WaitingHost {
  return {
    hostId: host.id,
    name: host.name,
    address: host.address,
    connected: hosts.isConnected(host),
    appliedRouteVersion: host.appliedRouteVersion,
    usedRouteVersion: host.usedRouteVersion,
    sinceMs: feed.newerSinceMs(host.usedRouteVersion),
  };
}
