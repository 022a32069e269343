import { createBalancer } from "../../balancer.ts";
import type { Route } from "../../route.ts";
import type { Algorithm } from "../algorithm.ts";

/** Ours, as services run it. */
export const adaptive: Algorithm = {
  name: "adaptive (ours)",
  about: "this package's balancer",
  create(now, random) {
    const balancer = createBalancer({ now, random });
    // What pick gave is handed back to `started` and `finished`, as services do.
    const routes: Route[] = [];
    return {
      update: (instances) => balancer.update(instances.map(routeOf)),
      pick(tried) {
        const except = tried && new Set([...tried].map((instance) => routes[instance]!));
        const route = balancer.pick(except);
        if (route === undefined) return -1;
        routes[route.port] = route;
        return route.port;
      },
      started: (instance) => balancer.started(routes[instance]!),
      finished: (instance, result) => balancer.finished(routes[instance]!, result),
    };
  },
};

// All callers have the same tables.
const known: Route[] = [];

function routeOf(instance: number): Route {
  known[instance] ??= { instanceId: "", address: "simulated", port: instance, weight: 100 };
  return known[instance];
}
