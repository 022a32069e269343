import { equals } from "@bufbuild/protobuf";
import { type RouteTable, RoutingPolicySchema } from "@msec/api/agent/v1/common_pb.js";
import { type Balancer, type Constants, createBalancer, type Locality, Policy } from "@msec/balance";

/** What a balancer is made with beside the table. */
export interface BalancerSurroundings {
  readonly now: () => number;
  /** This host's id; empty where it has none. */
  readonly hostId: () => string;
}

/** A balancer that chooses as the table's policy says; what this agent does not know of it is left to the defaults. Its routes are still to come. */
export function balancerOf(table: RouteTable, { now, hostId }: BalancerSurroundings): Balancer {
  const name = Object.values(Policy).find((known) => known === table.policy?.name) ?? Policy.adaptive;
  const locality = table.policy?.locality === true ? { locality: localityOf(table, hostId()) } : {};
  const about = { now, random: Math.random, policy: name, ...locality };
  try {
    return createBalancer({ ...about, constants: (table.policy?.constants ?? {}) as Partial<Constants> });
  } catch (error) {
    // A constant of another version of msec; the server checks them before it hands them out.
    if (error instanceof RangeError) return createBalancer(about);
    throw error;
  }
}

/** Whether two tables of a service are chosen from in the same way. */
export function isSamePolicy({ policy: a }: RouteTable, { policy: b }: RouteTable): boolean {
  return a === undefined || b === undefined ? a === b : equals(RoutingPolicySchema, a, b);
}

function localityOf({ routes }: RouteTable, hostId: string): Locality {
  const own = hostId === "" ? undefined : routes.find((route) => route.hostId === hostId);
  return { hostId, zone: own?.zone ?? "" };
}
