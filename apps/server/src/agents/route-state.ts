import { RouteState } from "@msec/api/console/v1/registry_pb.js";
import type { ControlFeed } from "./feed.ts";
import type { HostState } from "./host-directory.ts";

/** Whether a host has the routes that it should have. */
export interface HostRouteState {
  readonly state: RouteState;
  /** Since when it lacks a version that there is, milliseconds since 1970 UTC; 0 where it has the newest. */
  readonly behindSinceMs: number;
  /** Why its tables differ although it has the newest version, or are not on its disk; empty where all is well. */
  readonly problem: string;
}

/**
 * Compare what an agent says it has with what it should have: the version, and for the newest one the content too.
 */
export function hostRouteState(
  host: Pick<HostState, "appliedRouteVersion" | "seenMs" | "routes">,
  feed: Pick<ControlFeed, "routeVersion" | "routeDigest" | "newerSinceMs">,
): HostRouteState {
  if (host.seenMs === 0) return { state: RouteState.UNSPECIFIED, behindSinceMs: 0, problem: "" };
  const behindSinceMs = feed.newerSinceMs(host.appliedRouteVersion);
  if (behindSinceMs > 0) return { state: RouteState.BEHIND, behindSinceMs, problem: refusals(host.routes) };
  if (host.appliedRouteVersion > feed.routeVersion) {
    const problem = `its agent has version ${host.appliedRouteVersion}, newer than there is: the database was restored; push again`;
    return { state: RouteState.DIFFERENT, behindSinceMs: 0, problem };
  }
  const { routes } = host;
  const isOther =
    routes !== undefined &&
    Number(routes.appliedVersion) === feed.routeVersion &&
    routes.digest !== 0n &&
    routes.digest !== feed.routeDigest;
  if (!isOther) return { state: RouteState.CURRENT, behindSinceMs: 0, problem: unsaved(routes) };
  const problem = refusals(routes) || "its tables have another content than the server's; push again";
  return { state: RouteState.DIFFERENT, behindSinceMs: 0, problem };
}

/** What is said of a host whose agent has no room for its tables. */
export const AGENT_IS_FULL =
  "the disk of its agent is full: new routes are used and not kept, so that an agent that starts again begins with older ones; free space there";

function unsaved(routes: HostState["routes"]): string {
  return (routes?.unsavedS ?? 0) > 0 ? AGENT_IS_FULL : "";
}

function refusals(routes: HostState["routes"]): string {
  return (routes?.refused ?? [])
    .map(({ service, reason }) => `its agent refused the table of ${service}: ${reason}`)
    .join("; ");
}
