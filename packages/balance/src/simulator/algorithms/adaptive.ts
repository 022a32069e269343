import { createBalancer } from "../../balancer.ts";
import type { Route } from "../../route.ts";
import { RouteList } from "../../route-list.ts";
import type { Algorithm, Ask, Chooser } from "../algorithm.ts";

/** Ours, as services run it. */
export const adaptive: Algorithm = {
  name: "adaptive (ours)",
  about: "this package's balancer",
  create: (now, random, ask) => chooserOf({ now, random, ask }),
};

/** Ours where only calls can find out, as for services that are called by a library of their caller's own. */
export const adaptiveByCalls: Algorithm = {
  name: "ours, by calls only",
  about: "this package's balancer without asking",
  create: (now, random) => chooserOf({ now, random }),
};

function chooserOf({ now, random, ask }: { now: () => number; random: () => number; ask?: Ask }): Chooser {
  // What pick gave is handed back to `started` and `finished`, as services do.
  let routes: Route[] = [];
  const asking = (route: Route) => {
    routes[route.port] = route;
    ask!(route.port);
    return true;
  };
  const balancer = createBalancer({ now, random, ask: ask && asking });
  return {
    update(instances) {
      // As long as it will be: one that grows wherever it is written to becomes a hash table.
      const longer = new Array<Route>((instances.at(-1) ?? -1) + 1);
      for (const route of routes) if (route !== undefined) longer[route.port] = route;
      routes = longer;
      balancer.update(listOf(instances));
    },
    pick(tried) {
      const except = tried && new Set([...tried].map((instance) => routes[instance]!));
      const route = balancer.pick(except);
      if (route === undefined) return -1;
      routes[route.port] = route;
      return route.port;
    },
    started: (instance) => balancer.started(routes[instance]!),
    finished: (instance, result) => balancer.finished(routes[instance]!, result),
    asked: (instance, isThere) => balancer.asked(routes[instance]!, isThere),
  };
}

// All callers of a simulation are told of the same table, one after the other.
let lastTable: readonly number[] | undefined;
let lastList = new RouteList([]);

function listOf(table: readonly number[]): RouteList {
  if (table === lastTable) return lastList;
  lastTable = table;
  lastList = new RouteList(
    table.map((instance) => ({ instanceId: "", address: "simulated", port: instance, weight: 100 })),
  );
  return lastList;
}
