import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RouteSchema, RouteTableSchema } from "../../gen/msec/agent/v1/common_pb.js";

/** A table as either end has it: a message, or any object with its fields. */
export type RouteTableFields = MessageInitShape<typeof RouteTableSchema>;
/** A route as either end has it. */
export type RouteFields = MessageInitShape<typeof RouteSchema>;

/**
 * The digest of one table: a number of 64 bits that another content, most probably, does not have.
 *
 * It is the exclusive or of one hash for the table itself (service, version, policy) and one for each route, so a change of one
 * route changes it at the cost of that route, in whatever order the routes stand. It finds what was lost, damaged or mixed up; against
 * forgery there is the pinned, mutually authenticated connection.
 *
 * @returns 0n for a table that is deleted: nobody keeps it
 * @see docs/decisions/0006-distribution-and-capacity.md
 */
export function routeTableDigest(table: RouteTableFields): bigint {
  if (table.deleted === true) return 0n;
  let digest = routeTableHeadDigest(table);
  for (const route of table.routes ?? []) digest ^= routeDigest(table.service ?? "", route);
  return digest;
}

/** The part of a table's digest that is not its routes'. */
export function routeTableHeadDigest({ service, version, policy }: RouteTableFields): bigint {
  const constants = Object.entries(policy?.constants ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
  const choice =
    policy === undefined
      ? ""
      : JSON.stringify([policy.name ?? "", policy.hashKey ?? "", policy.locality ?? false, constants]);
  return hash64(`${service}\n${version ?? 0n}\n${choice}`);
}

/** The part of a table's digest that one route is. */
export function routeDigest(service: string, route: RouteFields): bigint {
  const { instanceId, address, port, weight, hostId, zone, transport } = route;
  return hash64(
    `${service}\n${instanceId ?? ""}\n${address ?? ""}\n${port ?? 0}\n${weight ?? 0}\n${hostId ?? ""}\n${zone ?? ""}\n${transport ?? 0}`,
  );
}

/**
 * The digest of all tables together; 0n only where there is none: a sum of 0 counts as 1, as 0 stands for "not given".
 *
 * @param digests  of the tables that exist
 */
export function combineDigests(digests: Iterable<bigint>): bigint {
  let combined = 0n;
  let any = false;
  for (const digest of digests) {
    combined ^= digest;
    any ||= digest !== 0n;
  }
  return any && combined === 0n ? 1n : combined;
}

// cyrb53's two lanes, with both kept whole: quick in any JavaScript, and mixed well enough that sums of many do not cancel out.
function hash64(text: string): bigint {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  const mixedHigh = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  const mixedLow = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(mixedHigh ^ (mixedHigh >>> 13), 0xc2b2ae35);
  return (BigInt(mixedHigh >>> 0) << 32n) | BigInt(mixedLow >>> 0);
}
