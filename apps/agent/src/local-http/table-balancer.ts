import type { RouteTable } from "@msec/api/agent/v1/common_pb.js";
import { type Balancer, createBalancer, type Locality, settingsFrom } from "@msec/balance";

/** A balancer that chooses from a table, as the table's policy says. */
export function balancerOf(table: RouteTable, here: Locality, now: () => number): Balancer {
  const balancer = createBalancer({ now, random: Math.random });
  takeTable(balancer, table, here);
  return balancer;
}

/** Chooses from another table of the service from now on; what was learned of instances that stay is kept. What this agent does not know of the policy is left to the defaults. */
export function takeTable(balancer: Balancer, { routes, policy }: RouteTable, here: Locality): void {
  const { name = "", locality = false, constants = {} } = policy ?? {};
  balancer.configure(settingsFrom({ name, locality, constants }, here).settings);
  balancer.update(routes);
}
