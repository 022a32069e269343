import { type Host, RouteState } from "@msec/api/console/v1/registry_pb.js";
import type { TFunction } from "i18next";
import { formatElapsed } from "../../lib/format.ts";
import type { Language } from "../../lib/preferences.ts";

/**
 * How many hosts have applied a route version, or a newer one.
 *
 * @param version the version that is asked about
 */
export function countApplied(
  hosts: readonly Pick<Host, "appliedRouteVersion">[],
  version: bigint,
): { readonly applied: number; readonly total: number } {
  return { applied: hosts.filter((host) => host.appliedRouteVersion >= version).length, total: hosts.length };
}

/** A host that has not the routes that it should have. */
export interface LateHost {
  readonly name: string;
  readonly address: string;
  readonly state: RouteState;
  /** Milliseconds since 1970 UTC; 0: it has the newest version. */
  readonly behindSinceMs: number;
}

// After each change every host is behind for a moment: that is no news.
const GRACE_MS = 2000;

/** Whether a host has not the routes that it should have, and that for longer than a change takes. */
export function isLate({ state, behindSinceMs }: Pick<LateHost, "state" | "behindSinceMs">, nowMs: number): boolean {
  return state === RouteState.BEHIND ? nowMs - behindSinceMs >= GRACE_MS : state !== RouteState.CURRENT;
}

/** The hosts without the newest routes, those that lack them longest first. */
export function lateHosts(hosts: readonly Host[], nowMs: number): LateHost[] {
  return hosts
    .map(({ name, address, routeState, routeBehindSinceMs }) => ({
      name,
      address,
      state: routeState,
      behindSinceMs: routeBehindSinceMs,
    }))
    .filter((host) => isLate(host, nowMs))
    .sort((a, b) => (a.behindSinceMs || Infinity) - (b.behindSinceMs || Infinity));
}

/**
 * Who is late, in a sentence: `10.0.0.7 has not for 43s and 2 more`.
 *
 * @param late   longest first, not empty
 * @param nowMs  the server's clock
 */
export function behindText(t: TFunction, language: Language, late: readonly LateHost[], nowMs: number): string {
  const [first, ...rest] = late;
  if (first === undefined) return "";
  const host = first.address || first.name;
  const text =
    first.state === RouteState.DIFFERENT
      ? t("capacity.distribution.different", { host })
      : first.state === RouteState.UNSPECIFIED || first.behindSinceMs === 0
        ? t("capacity.distribution.never", { host })
        : t("capacity.distribution.behind", { host, age: formatElapsed(nowMs - first.behindSinceMs, language) });
  return rest.length === 0 ? text : `${text} ${t("capacity.distribution.more", { count: rest.length })}`;
}

/** What routes a host has, against the newest. @param applied the version that it has */
export function routeStateText(t: TFunction, state: RouteState, applied: bigint): string {
  if (state === RouteState.CURRENT) return t("capacity.routeState.current");
  if (state === RouteState.DIFFERENT) return t("capacity.routeState.different");
  return state === RouteState.BEHIND
    ? t("capacity.routeState.behind", { version: String(applied) })
    : t("capacity.routeState.unknown");
}
