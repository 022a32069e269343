import { type Constants, constantsWith } from "./constants.ts";
import { explainInstance, findingOf } from "./explain.ts";
import { HashRing } from "./hash-ring.ts";
import { type Finding, type Hearsay, heardAt } from "./hearsay.ts";
import { Instance, type Peers } from "./instance.ts";
import { comparePeers } from "./peers.ts";
import { type Locality, Policy, stepsAway } from "./policy.ts";
import { Rotation } from "./rotation.ts";
import type { CallResult, Explanation, Route } from "./route.ts";

/** What a balancer is made with; clock and random are passed in so that a test or a simulation decides them. */
export type BalancerOptions = {
  /** Milliseconds on a clock that never goes back: `performance.now`. */
  readonly now: () => number;
  /** Evenly spread in 0…1, 1 excluded: `Math.random`. */
  readonly random: () => number;
  /** Default `adaptive`. */
  readonly policy?: Policy;
  /** Where the caller is, to prefer near instances; default: all are equally near. Not with `consistent-hash`. */
  readonly locality?: Locality;
  /** Numbers of `constants` that differ for this service. */
  readonly constants?: Partial<Constants>;
};

/**
 * Chooses the instance for each call of one service, from what this process's own calls have shown.
 *
 * Calls are dealt out in proportion to rates, in which what is as good as the others, within a band, counts fully and what is worse steeply less;
 * calls in flight, above all such that hang, keep further ones away. What is dead is left out and probed.
 *
 * @see docs/decisions/0005-routing-algorithm.md
 */
export type Balancer = {
  /** Replaces the routes; what was learned of those that stay is kept. */
  update(routes: readonly Route[]): void;
  /**
   * The instance for the next call, or `undefined` when there is none. Call `started` before the next `pick`.
   *
   * @param except  instances that this call has tried already
   * @param key     what `consistent-hash` hashes; a call without one goes where `adaptive` would send it
   */
  pick(except?: ReadonlySet<Route>, key?: string): Route | undefined;
  /** A call was handed to this instance. */
  started(route: Route): void;
  /** A call that was `started` has ended. */
  finished(route: Route, result: CallResult): void;
  /** A call that was `started` is not followed any further: how it ended nobody will say. */
  abandoned(route: Route): void;
  /** Every instance in the order of the table, with why it gets what it gets. */
  explain(): Explanation[];
  /** What own calls showed, for others on this host: every instance that was ever called. */
  findings(): Finding[];
  /** Takes what others on this host say, all of it: what it does not name has nothing said of it any more. */
  hear(hearsay: readonly Hearsay[]): void;
};

/**
 * Makes a balancer without routes.
 *
 * @throws RangeError for an unknown or impossible constant
 */
export function createBalancer(options: BalancerOptions): Balancer {
  return new RateBalancer(options);
}

class RateBalancer implements Balancer {
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #policy: Policy;
  readonly #locality: Locality | undefined;
  readonly #numbers: Constants;
  #instances: Instance[] = [];
  #byPlace = new Map<string, Instance>();
  #hadRoutes = false;
  // Those of which something is known, in the order of the table once #refresh has sorted them.
  #touched: Instance[] = [];
  #isSorted = true;
  // Derived by #refresh: those that wait for a probe; the others, which take ordinary calls, when somebody asks for them.
  #waiting: Instance[] = [];
  #usable: Instance[] | undefined;
  #peers: Peers = { latencyMs: 0, successRatio: 1 };
  // Derived by `update`; rotations, one for each step away, only when there are too many to compare.
  #rotations: Rotation[] = [];
  #ring: HashRing | undefined;
  #failingOut = 0;
  #refreshAtMs = Number.NEGATIVE_INFINITY;
  // Virtual time of start-time fair queueing: the tag that the last chosen instance had.
  #virtual = 0;
  #pickCount = 0;
  #pickedMs = 0;
  #nextWaiting = 0;

  constructor({ now, random, policy = Policy.adaptive, locality, constants }: BalancerOptions) {
    this.#now = now;
    this.#random = random;
    this.#policy = policy;
    this.#locality = policy === Policy.consistentHash ? undefined : locality;
    this.#numbers = constantsWith(constants);
  }

  update(routes: readonly Route[]): void {
    // The instances of the first table have been running for who knows how long; later ones are new.
    const warmSinceMs = this.#hadRoutes ? this.#now() : Number.NEGATIVE_INFINITY;
    const byPlace = new Map<string, Instance>();
    for (const route of routes) byPlace.set(placeOf(route), this.#instanceOf(route, warmSinceMs));
    this.#byPlace = byPlace;
    this.#instances = [...byPlace.values()];
    for (const [position, instance] of this.#instances.entries()) instance.position = position;
    this.#touched = this.#instances.filter(({ isUntouched }) => !isUntouched);
    this.#ring = undefined;
    this.#rotations = this.#rotationsOf(this.#instances);
    this.#hadRoutes ||= routes.length > 0;
    this.#refreshAtMs = Number.NEGATIVE_INFINITY;
  }

  pick(except?: ReadonlySet<Route>, key?: string): Route | undefined {
    const nowMs = this.#now();
    this.#pickedMs = nowMs;
    if (nowMs >= this.#refreshAtMs) this.#refresh(nowMs);
    if (this.#waiting.length > 0) {
      const probe = this.#probe(except, nowMs);
      if (probe !== undefined) return this.#charge(probe, nowMs);
    }
    const chosen =
      (key !== undefined && this.#policy === Policy.consistentHash ? this.#byKey(key, except) : undefined) ??
      (this.#rotations.length > 0 && except === undefined ? this.#bestInTurn(nowMs) : undefined) ??
      this.#bestOf(this.#serving(), except, nowMs) ??
      this.#bestOf(this.#instances, except, nowMs);
    if (chosen === undefined) return undefined;
    this.#virtual = Math.max(this.#virtual, chosen.tag);
    return this.#charge(chosen, nowMs);
  }

  started(route: Route): void {
    // The time of the pick just before: a clock costs more than everything else here.
    this.#find(route)?.start(this.#pickedMs);
  }

  finished(route: Route, result: CallResult): void {
    const instance = this.#find(route);
    if (instance === undefined) return;
    this.#touch(instance);
    const mayEjectFailing = this.#failingOut + 1 <= this.#instances.length * this.#numbers.ejectFailingUpTo;
    const hasMoved = instance.finish(this.#sound(result), mayEjectFailing, this.#now(), this.#numbers);
    if (!hasMoved) return;
    // Counted exactly by the next refresh; before that several may follow each other.
    if (instance.ejection.isOut && !result.transportFailed) this.#failingOut++;
    this.#refreshAtMs = Number.NEGATIVE_INFINITY;
  }

  abandoned(route: Route): void {
    this.#find(route)?.abandon();
  }

  // What callers measured, or made up, within what a call can take; NaN and negative durations say nothing and stay as they are.
  #sound(result: CallResult): CallResult {
    const { latencyCeilingMs } = this.#numbers;
    return result.durationMs > latencyCeilingMs ? { ...result, durationMs: latencyCeilingMs } : result;
  }

  explain(): Explanation[] {
    const nowMs = this.#now();
    this.#refresh(nowMs);
    const serving = new Set(this.#serving());
    let total = 0;
    for (const { cost } of serving) total += 1 / cost;
    return this.#instances.map((instance) => {
      const share = serving.has(instance) ? 1 / instance.cost / total : 0;
      return explainInstance(instance, share, this.#peers, nowMs, this.#numbers);
    });
  }

  findings(): Finding[] {
    const nowMs = this.#now();
    const explanations = this.explain();
    return this.#instances.flatMap((instance, position) => {
      if (instance.finished === 0) return [];
      return findingOf(instance, explanations[position]!, this.#peers, nowMs, this.#numbers);
    });
  }

  hear(hearsay: readonly Hearsay[]): void {
    const nowMs = this.#now();
    const byPlace = new Map(hearsay.map((one) => [placeOf(one), one]));
    for (const [place, instance] of this.#byPlace) {
      const said = byPlace.get(place);
      instance.heard = said && heardAt(said, nowMs);
      if (instance.heard !== undefined) this.#touch(instance);
      if (instance.heard?.leftOut !== true && instance.ejection.rumourEnded()) this.#refreshAtMs = nowMs;
    }
    this.#leaveOutHeard(nowMs);
  }

  #leaveOutHeard(nowMs: number): void {
    let room = this.#instances.length * this.#numbers.hearsayUpTo;
    for (const { ejection } of this.#instances) if (ejection.isHearsay) room--;
    for (const instance of this.#instances) {
      if (room < 1) return;
      const { heard } = instance;
      if (heard?.leftOut !== true || instance.isKnown(nowMs, this.#numbers)) continue;
      if (nowMs - heard.atMs >= this.#numbers.hearsayMs || !instance.ownEjection().rumoured(nowMs, this.#numbers))
        continue;
      this.#refreshAtMs = nowMs;
      room--;
    }
  }

  #instanceOf(route: Route, warmSinceMs: number): Instance {
    const known = this.#byPlace.get(placeOf(route));
    const instance = known ?? new Instance(route, warmSinceMs);
    known?.adopt(route);
    // Callers that start together must not walk through the instances in step. What comes later is new and has the next call.
    if (known === undefined) instance.tag = this.#virtual + (this.#hadRoutes ? -1 : this.#random()) * instance.cost;
    instance.away = this.#locality === undefined ? 0 : stepsAway(route, this.#locality) * this.#numbers.awayCost;
    return instance;
  }

  #touch(instance: Instance): void {
    if (!instance.isUntouched || this.#instances[instance.position] !== instance) return;
    instance.isUntouched = false;
    this.#touched.push(instance);
    this.#isSorted = false;
  }

  #refresh(nowMs: number): void {
    const { refreshMs, refreshPerInstanceMs } = this.#numbers;
    this.#refreshAtMs = nowMs + refreshMs + refreshPerInstanceMs * this.#instances.length;
    if (!this.#isSorted) this.#touched.sort((a, b) => a.position - b.position);
    this.#isSorted = true;
    const touched = this.#touched;
    this.#peers = comparePeers(touched, this.#instances.length - touched.length);
    this.#failingOut = 0;
    const waiting: Instance[] = [];
    for (let index = 0; index < touched.length; index++) {
      const instance = touched[index]!;
      this.#rate(instance, nowMs);
      const { isOut, transportFailures } = instance.ejection;
      if (isOut && transportFailures === 0) this.#failingOut++;
      if (isOut || instance.isSuppressed) waiting.push(instance);
    }
    this.#waiting = waiting;
    this.#usable = undefined;
  }

  #serving(): Instance[] {
    if (this.#usable === undefined) {
      const usable = this.#waiting.length === 0 ? this.#instances : this.#instances.filter(isUsable);
      this.#usable = usable.length > 0 ? usable : this.#lastResort();
    }
    return this.#usable;
  }

  // Those that are only bad before those that are dead, and when all are dead all of them.
  #lastResort(): Instance[] {
    const alive = this.#instances.filter(({ ejection }) => !ejection.isOut);
    return alive.length > 0 ? alive : [...this.#instances];
  }

  #rate(instance: Instance, nowMs: number): void {
    const costBefore = instance.cost;
    if (this.#policy === Policy.adaptive) instance.judge(this.#peers, nowMs, this.#numbers);
    else instance.takeRate((instance.weight / 100) * instance.warmth(nowMs, this.#numbers));
    // What it is ahead in virtual time are calls that it had, at the price of then.
    const aheadBy = instance.tag - this.#virtual;
    if (aheadBy > 0) instance.tag = this.#virtual + (aheadBy * instance.cost) / costBefore;
  }

  #rotationsOf(instances: readonly Instance[]): Rotation[] {
    if (instances.length <= this.#numbers.compareAllUpTo) return [];
    const nearestFirst = [...new Set(instances.map(({ away }) => away))].sort((a, b) => a - b);
    return nearestFirst.map((steps) => {
      const equallyFar = instances.filter(({ away }) => away === steps);
      return new Rotation(equallyFar, this.#random);
    });
  }

  #probe(except: ReadonlySet<Route> | undefined, nowMs: number): Instance | undefined {
    const share = this.#instances.length - 1;
    const waiting = this.#waiting;
    // Of many each has its turn within a few calls; looking at all of them would be most of a call's price.
    const looks = Math.min(waiting.length, this.#numbers.compareAllUpTo);
    for (let look = 0; look < looks; look++) {
      const instance = waiting[looks === waiting.length ? look : this.#nextWaiting++ % waiting.length]!;
      if (!instance.wantsProbe(nowMs, this.#pickCount, share, this.#numbers) || except?.has(instance)) continue;
      instance.beginProbe(nowMs);
      return instance;
    }
    return undefined;
  }

  #byKey(key: string, except: ReadonlySet<Route> | undefined): Instance | undefined {
    this.#ring ??= new HashRing(this.#instances, this.#numbers);
    let inFlight = 0;
    let weights = 0;
    for (const instance of this.#serving()) {
      inFlight += instance.inFlight;
      weights += instance.weight;
    }
    const perWeight = (this.#numbers.hashLoadFactor * (inFlight + 1)) / weights;
    return this.#ring.find(key, (instance) => {
      if (instance.ejection.isOut || except?.has(instance)) return false;
      return instance.inFlight < Math.max(this.#numbers.hashLoadFloor, perWeight * instance.weight);
    });
  }

  #bestOf(instances: Instance[], except: ReadonlySet<Route> | undefined, nowMs: number): Instance | undefined {
    let best: Instance | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let position = 0; position < instances.length; position++) {
      const instance = instances[position]!;
      if (except?.has(instance)) continue;
      const price = this.#priceOf(instance, nowMs);
      if (price < least) {
        least = price;
        best = instance;
      }
    }
    return best;
  }

  // The next one that is free, nearest first; of those in turn that are all busy the least so.
  #bestInTurn(nowMs: number): Instance | undefined {
    let best: Instance | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let tier = 0; tier < this.#rotations.length; tier++) {
      const rotation = this.#rotations[tier]!;
      if (least <= rotation.away) break;
      for (let turn = 0; turn < this.#numbers.candidates; turn++) {
        const instance = rotation.next();
        if (!this.#takesTurn(instance)) continue;
        const load = this.#loadOf(instance, nowMs);
        if (load >= least) continue;
        least = load;
        best = instance;
        if (load <= rotation.away) break;
      }
    }
    return best;
  }

  #takesTurn({ ejection, isSuppressed, cost, weight }: Instance): boolean {
    if (ejection.isOut || isSuppressed) return false;
    const worth = 100 / (cost * weight);
    return worth >= 1 || this.#random() < worth;
  }

  #loadOf(instance: Instance, nowMs: number): number {
    let load = instance.inFlight + instance.away;
    if (instance.inFlight > 0) {
      const silentMs = nowMs - instance.progressMs;
      if (silentMs > instance.hangMs) load += (silentMs / instance.hangMs) * this.#numbers.outlierFactor;
    }
    return load;
  }

  #priceOf(instance: Instance, nowMs: number): number {
    const lag = instance.tag - this.#virtual;
    // What was left out while it was busy is owed nothing; it only comes first among equals.
    return this.#loadOf(instance, nowMs) * instance.cost + (lag > 0 ? lag : lag * 1e-6);
  }

  #charge(instance: Instance, nowMs: number): Instance {
    instance.tag = Math.max(instance.tag, this.#virtual) + instance.cost;
    instance.pickedAtCount = ++this.#pickCount;
    instance.pickedAtMs = nowMs;
    return instance;
  }

  #find(route: Route): Instance | undefined {
    // Routes come from `pick` as the instances themselves, also those that have left the table since.
    return route instanceof Instance ? route : this.#byPlace.get(placeOf(route));
  }
}

function isUsable({ ejection, isSuppressed }: Instance): boolean {
  return !ejection.isOut && !isSuppressed;
}

function placeOf(route: { readonly address: string; readonly port: number }): string {
  return `${route.address} ${route.port}`;
}
