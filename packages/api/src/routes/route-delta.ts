import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Route, RouteTable } from "../../gen/msec/agent/v1/common_pb.js";
import type { RouteDelta, RouteDeltaSchema } from "../../gen/msec/agent/v1/control_pb.js";
import { type RouteFields, type RouteTableFields, routeTableHeadDigest } from "./route-digest.ts";

/**
 * How one version of a table became another.
 *
 * @returns `undefined` where the whole table is the shorter way to say it, or where more than routes changed
 */
export function routeDelta(
  from: RouteTableFields,
  to: RouteTableFields,
): MessageInitShape<typeof RouteDeltaSchema> | undefined {
  if (from.deleted === true || to.deleted === true || !hasSamePolicy(from, to)) return undefined;
  const before = new Map((from.routes ?? []).map((route) => [route.instanceId ?? "", route]));
  const changed: RouteFields[] = [];
  for (const route of to.routes ?? []) {
    const earlier = before.get(route.instanceId ?? "");
    before.delete(route.instanceId ?? "");
    if (earlier === undefined || !isSameRoute(earlier, route)) changed.push(route);
  }
  const removed = [...before.keys()];
  if (changed.length + removed.length > (to.routes ?? []).length / 2) return undefined;
  return { service: to.service ?? "", fromVersion: from.version ?? 0n, version: to.version ?? 0n, changed, removed };
}

/**
 * A table with a delta applied; routes in the order of address and port, as whole tables have them.
 *
 * @throws RangeError where the delta is for another version than the table has, or takes away what is not there
 */
export function applyRouteDelta(table: RouteTable, delta: RouteDelta): RouteTable {
  if (table.version !== delta.fromVersion) {
    throw new RangeError(`the change is to version ${delta.fromVersion}, and ours is ${table.version}`);
  }
  const routes = new Map<string, Route>(table.routes.map((route) => [route.instanceId, route]));
  for (const id of delta.removed) {
    if (!routes.delete(id)) throw new RangeError(`the change takes away ${id.slice(0, 80)}, which is not there`);
  }
  for (const route of delta.changed) routes.set(route.instanceId, route);
  return { ...table, version: delta.version, routes: [...routes.values()].sort(compareRoutes) };
}

function compareRoutes(left: Route, right: Route): number {
  return left.address < right.address ? -1 : left.address > right.address ? 1 : left.port - right.port;
}

function hasSamePolicy(from: RouteTableFields, to: RouteTableFields): boolean {
  return routeTableHeadDigest({ ...from, version: 0n }) === routeTableHeadDigest({ ...to, version: 0n });
}

function isSameRoute(a: RouteFields, b: RouteFields): boolean {
  return (
    a === b ||
    (a.address === b.address &&
      a.port === b.port &&
      a.weight === b.weight &&
      a.hostId === b.hostId &&
      a.zone === b.zone &&
      a.transport === b.transport)
  );
}
