import type { Algorithm } from "../algorithm.ts";

/** The instance with the fewest calls in flight of this caller, any of those that have as few. */
export const leastRequest: Algorithm = {
  name: "least request",
  about: "fewest calls in flight; all are compared",
  create(_now, random) {
    let table: readonly number[] = [];
    const inFlight = new Map<number, number>();
    return {
      update(instances) {
        table = instances;
        for (const instance of instances) if (!inFlight.has(instance)) inFlight.set(instance, 0);
      },
      pick(tried) {
        let least = Number.POSITIVE_INFINITY;
        let best = -1;
        let equals = 0;
        for (const instance of table) {
          const count = inFlight.get(instance)!;
          if (count > least || tried?.has(instance)) continue;
          equals = count < least ? 1 : equals + 1;
          least = count;
          if (random() * equals < 1) best = instance;
        }
        return best;
      },
      started: (instance) => inFlight.set(instance, inFlight.get(instance)! + 1),
      finished: (instance) => inFlight.set(instance, inFlight.get(instance)! - 1),
    };
  },
};
