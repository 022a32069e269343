import { createBalancer, Policy, type Route, type Settings } from "@msec/balance";
import { spreadOf } from "../lib/spread.ts";

/** What choosing an instance and reporting how it went costs. */
export type PickCost = { readonly instances: number; readonly about: string; readonly ns: number };

const rounds = 9;
const callsOfRound = 100_000;
const keys = Array.from({ length: 1_024 }, (_, number) => `user-${number}`);
const settings: readonly { about: string; settings: Settings; isKeyed?: boolean }[] = [
  { about: "adaptive", settings: {} },
  { about: "adaptive, locality", settings: { locality: { hostId: "h1", zone: "a" } } },
  { about: "weighted-round-robin", settings: { policy: Policy.weightedRoundRobin } },
  { about: "consistent-hash", settings: { policy: Policy.consistentHash }, isKeyed: true },
];

/** Measures `pick`, `started` and `finished` of every policy with so many instances, with eight calls in flight; processor time, median of nine rounds. */
export function pickCosts(instances: number): PickCost[] {
  return settings.map((one) => ({ instances, about: one.about, ns: costOf(instances, one) }));
}

function costOf(instances: number, { settings: given, isKeyed }: (typeof settings)[number]): number {
  // The real clock: looking at it is a part of the price.
  const balancer = createBalancer({ now: () => performance.now(), random: Math.random, ask: () => true, ...given });
  balancer.update(Array.from({ length: instances }, (_, number) => routeOf(number)));
  const out: Route[] = [];
  const run = (calls: number) => {
    const begun = process.cpuUsage();
    for (let call = 0; call < calls; call++) {
      const route = balancer.pick(undefined, isKeyed ? keys[call & 1_023] : undefined)!;
      balancer.started(route);
      out.push(route);
      if (out.length > 8)
        balancer.finished(out.shift()!, { ok: true, durationMs: 1 + (call & 3), transportFailed: false });
    }
    const used = process.cpuUsage(begun);
    return ((used.user + used.system) * 1_000) / calls;
  };
  run(callsOfRound);
  return spreadOf(Array.from({ length: rounds }, () => run(callsOfRound))).median;
}

function routeOf(number: number): Route {
  return {
    instanceId: `i${number}`,
    address: "10.0.0.1",
    port: 1_000 + number,
    weight: 100,
    hostId: `h${number}`,
    zone: number % 3 === 0 ? "a" : "b",
  };
}
