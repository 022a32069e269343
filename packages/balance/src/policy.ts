/** How a balancer deals out the calls of one service. */
export const Policy = {
  /** By what calls have shown: latency, success, calls in flight. */
  adaptive: "adaptive",
  /** By the weights of the table alone; what is dead is still left out. */
  weightedRoundRobin: "weighted-round-robin",
  /** The same key to the same instance, unless that is dead or has much more to do than the others. */
  consistentHash: "consistent-hash",
} as const;
/** How a balancer deals out the calls of one service. */
export type Policy = (typeof Policy)[keyof typeof Policy];

/** Where the caller is; empty strings are unknown. */
export type Locality = { readonly hostId: string; readonly zone: string };

/** How many steps a route is away from the caller: 0 same host, 1 same zone, 2 elsewhere. */
export function stepsAway(
  route: { readonly hostId?: string | undefined; readonly zone?: string | undefined },
  from: Locality,
): number {
  if (from.hostId !== "" && route.hostId === from.hostId) return 0;
  return from.zone !== "" && route.zone === from.zone ? 1 : 2;
}
