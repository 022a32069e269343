import { constants } from "./constants.ts";
import { Instance } from "./instance.ts";
import type { CallResult, Explanation, Route } from "./route.ts";

/** What a balancer is made with; both are passed in so that a test or a simulation decides them. */
export type BalancerOptions = {
  /** Milliseconds on a clock that never goes back: `performance.now`. */
  readonly now: () => number;
  /** Evenly spread in 0…1, 1 excluded: `Math.random`. */
  readonly random: () => number;
};

/**
 * Chooses the instance for each call of one service, from what this process's own calls have shown.
 *
 * Calls go to an instance with a probability of weight / (latency × (in flight + 1) / success²)²: several are looked at, better ones get more,
 * and none of them all. One that was never called gets the next call. An instance that cannot be reached three times in a row is left out for a growing time, then tried by one call
 * at a time. When all are out, all are used: a table is more likely to be right than everything to be dead.
 */
export type Balancer = {
  /** Replaces the routes; what was learned of those that stay is kept. */
  update(routes: readonly Route[]): void;
  /**
   * The instance for the next call, or `undefined` when there is none. Call `started` before the next `pick`.
   *
   * @param except  instances that this call has tried already
   */
  pick(except?: ReadonlySet<Route>): Route | undefined;
  /** A call was handed to this instance. */
  started(route: Route): void;
  /** A call that was `started` has ended. */
  finished(route: Route, result: CallResult): void;
  /** Every instance in the order of the table, with why it gets what it gets. */
  explain(): Explanation[];
};

/** Makes a balancer without routes. */
export function createBalancer(options: BalancerOptions): Balancer {
  return new AdaptiveBalancer(options);
}

class AdaptiveBalancer implements Balancer {
  readonly #now: () => number;
  readonly #random: () => number;
  #instances: Instance[] = [];
  #byPlace = new Map<string, Instance>();
  #hadRoutes = false;

  constructor(options: BalancerOptions) {
    this.#now = options.now;
    this.#random = options.random;
  }

  update(routes: readonly Route[]): void {
    // The instances of the first table have been running for who knows how long; later ones are new.
    const warmSinceMs = this.#hadRoutes ? this.#now() : Number.NEGATIVE_INFINITY;
    const byPlace = new Map<string, Instance>();
    for (const route of routes) {
      const place = placeOf(route);
      const known = this.#byPlace.get(place);
      known?.adopt(route);
      byPlace.set(place, known ?? new Instance(route, warmSinceMs));
    }
    this.#byPlace = byPlace;
    this.#instances = [...byPlace.values()];
    this.#hadRoutes ||= routes.length > 0;
  }

  pick(except?: ReadonlySet<Route>): Route | undefined {
    const nowMs = this.#now();
    for (const instance of this.#instances) {
      if (instance.ejected ? !instance.wantsProbe(nowMs) : instance.tried) continue;
      if (except?.has(instance)) continue;
      if (instance.ejected) instance.beginProbe(nowMs);
      return instance;
    }
    const usable = this.#usable(except);
    if (usable.length < 2) return usable[0];
    return this.#choose(this.#candidatesOf(usable), nowMs);
  }

  started(route: Route): void {
    this.#find(route)?.start();
  }

  finished(route: Route, result: CallResult): void {
    this.#find(route)?.finish(result, this.#now());
  }

  explain(): Explanation[] {
    const nowMs = this.#now();
    const usable = this.#usable();
    const typicalMs = this.#typicalMs(usable);
    const scores = new Map(usable.map((instance) => [instance, instance.score(nowMs, typicalMs)]));
    let total = 0;
    for (const score of scores.values()) total += score;
    return this.#instances.map((instance) => instance.explain(nowMs, (scores.get(instance) ?? 0) / (total || 1)));
  }

  // Those that are not ejected; all of them when that leaves none.
  #usable(except?: ReadonlySet<Route>): Instance[] {
    const allowed =
      except === undefined ? this.#instances : this.#instances.filter((instance) => !except.has(instance));
    if (!allowed.some((instance) => instance.ejected)) return allowed;
    const healthy = allowed.filter((instance) => !instance.ejected);
    return healthy.length === 0 ? allowed : healthy;
  }

  #candidatesOf(usable: Instance[]): Instance[] {
    if (usable.length <= constants.candidates) return usable;
    const drawn = new Set<Instance>();
    while (drawn.size < constants.candidates) drawn.add(usable[Math.floor(this.#random() * usable.length)]!);
    return [...drawn];
  }

  #choose(candidates: Instance[], nowMs: number): Instance {
    const typicalMs = this.#typicalMs(candidates);
    let total = 0;
    const scores = candidates.map((instance) => {
      const score = instance.score(nowMs, typicalMs);
      total += score;
      return score;
    });
    let left = this.#random() * total;
    for (let position = 0; position < candidates.length; position++) {
      left -= scores[position]!;
      if (left < 0) return candidates[position]!;
    }
    return candidates.at(-1)!;
  }

  // The least latency that is known: the mean would let one slow instance make all unknown ones look slow.
  #typicalMs(instances: Instance[]): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { latencyMs } of instances) if (latencyMs !== undefined && latencyMs < least) least = latencyMs;
    return least === Number.POSITIVE_INFINITY ? 1 : Math.max(least, constants.latencyFloorMs);
  }

  #find(route: Route): Instance | undefined {
    // Routes come from `pick` as the instances themselves, also those that have left the table since.
    return route instanceof Instance ? route : this.#byPlace.get(placeOf(route));
  }
}

function placeOf(route: Route): string {
  return `${route.address} ${route.port}`;
}
