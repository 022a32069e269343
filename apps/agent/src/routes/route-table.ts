import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { type RouteTable, RouteTableSchema, type RoutingPolicy, Transport } from "@msec/api/agent/v1/common_pb.js";
import { isZone, POLICY_CONSTANTS_MAX, ROUTES_MAX } from "@msec/api/routes";
import { isServiceName } from "@msec/api/service-name";

/** Why a table cannot be used, for people; `undefined` when it can. A bad one must not replace a good one. */
export function routeTableFault(table: RouteTable): string | undefined {
  if (!isServiceName(table.service)) return `service name ${JSON.stringify(table.service.slice(0, 80))} is not L1.L2`;
  if (table.version === 0n) return "it has no version";
  if (table.routes.length > ROUTES_MAX) return `it has ${table.routes.length} routes; at most ${ROUTES_MAX} are taken`;
  for (const route of table.routes) {
    const name = JSON.stringify(route.instanceId.slice(0, 80));
    if (route.instanceId === "" || route.instanceId.length > 100) return `route ${name} has no usable instance id`;
    if (!/^[A-Za-z0-9._:-]{1,255}$/.test(route.address)) return `route ${name} has no usable address`;
    if (route.port < 1 || route.port > 65_535) return `route ${name} has port ${route.port}`;
    if (!(route.weight >= 1 && route.weight <= 10_000)) return `route ${name} has weight ${route.weight}`;
    if (!isZone(route.zone)) return `route ${name} has no usable zone`;
    if (route.transport > Transport.TCP_AND_UDP) return `route ${name} has transport ${route.transport}`;
  }
  return table.policy === undefined ? undefined : policyFault(table.policy);
}

// Names are left to the algorithm: one that it does not know is from a newer server, and changes nothing.
function policyFault({ name, hashKey, constants }: RoutingPolicy): string | undefined {
  if (name.length > 64 || hashKey.length > 80) return "its policy has names that are too long";
  const numbers = Object.entries(constants);
  if (numbers.length > POLICY_CONSTANTS_MAX) return `its policy has ${numbers.length} constants`;
  const bad = numbers.find(([key, value]) => key.length > 64 || !(Number.isFinite(value) && value > 0));
  return bad === undefined ? undefined : `its policy has ${bad[0].slice(0, 80)} = ${bad[1]}`;
}

/** A table as it stands in the file. */
export function routeTableToJson(table: RouteTable): JsonValue {
  return toJson(RouteTableSchema, table);
}

/** @throws when it is none */
export function routeTableFromJson(json: JsonValue): RouteTable {
  return fromJson(RouteTableSchema, json);
}
