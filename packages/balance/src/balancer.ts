import { type Constants, constants, constantsWith } from "./constants.ts";
import { explainInstance, findingOf } from "./explain.ts";
import { HashRing } from "./hash-ring.ts";
import { type Finding, type Hearsay, heardAt } from "./hearsay.ts";
import { Instance, type May, type Peers } from "./instance.ts";
import { Comparison } from "./peers.ts";
import { type Locality, Policy, stepsAway } from "./policy.ts";
import { Rotation, Turns } from "./rotation.ts";
import type { CallResult, Explanation, Route } from "./route.ts";
import { placeOf, RouteList } from "./route-list.ts";
import type { Settings } from "./settings.ts";
import { Tiers } from "./tiers.ts";

/** What a balancer is made with; clock and random are passed in so that a test or a simulation decides them. */
export type BalancerOptions = {
  /** Milliseconds on a clock that never goes back: `performance.now`. */
  readonly now: () => number;
  /** Evenly spread in 0…1, 1 excluded: `Math.random`. */
  readonly random: () => number;
  /**
   * Finds out, without a call of anybody's, if there is somebody at an instance, and says so to `asked` once, within `timeoutMs`. It is called within `pick`, must not
   * throw and not take time.
   *
   * Default: there is no such way, calls find out.
   *
   * @returns whether it does; `false` where it cannot for this instance
   */
  readonly ask?: ((route: Route, timeoutMs: number) => boolean) | undefined;
} & Settings;

/**
 * Chooses the instance for each call of one service, from what this process's own calls have shown.
 *
 * Calls are dealt out in proportion to rates, in which what is as good as the others, within a band, counts fully and what is worse steeply less;
 * calls in flight, above all such that hang, keep further ones away. What is dead is left out and probed.
 *
 * @see docs/decisions/0005-routing-algorithm.md
 */
export type Balancer = {
  /** Replaces the routes; what was learned of those that stay is kept. Several balancers that are given the same `RouteList` look through it once. */
  update(routes: readonly Route[] | RouteList): void;
  /**
   * The instance for the next call, or `undefined` when there is none. Call `started` before the next `pick`.
   *
   * @param except  instances that this call has tried already
   * @param key     what `consistent-hash` hashes; a call without one goes where `adaptive` would send it
   * @param nowMs   what the balancer's clock says, where the caller has just looked: looking costs more than most of what happens here
   */
  pick(except?: ReadonlySet<Route>, key?: string, nowMs?: number): Route | undefined;
  /** A call was handed to this instance. */
  started(route: Route): void;
  /** A call that was `started` has ended. @param nowMs  as for `pick` */
  finished(route: Route, result: CallResult, nowMs?: number): void;
  /** A call that was `started` is not followed any further: how it ended nobody will say. */
  abandoned(route: Route): void;
  /** How it went when `BalancerOptions.ask` was told to ask: something came back, or nothing. */
  asked(route: Route, isThere: boolean): void;
  /**
   * Deals out by other settings from now on, in place of all earlier ones; what was learned and what is in flight stay.
   *
   * @throws RangeError  for an unknown or impossible constant; then nothing changes
   */
  configure(settings: Settings): void;
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

// Where one of twenty serves, so many turns miss it once in thirty times.
const patientTurns = 64;

class RateBalancer implements Balancer {
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #ask: ((route: Route, timeoutMs: number) => boolean) | undefined;
  #policy: Policy = Policy.adaptive;
  #locality: Locality | undefined;
  #numbers: Constants = constants;
  #list = new RouteList([]);
  // One for each route; of many only those that were met so far, see #at: most callers of a thousand instances meet few.
  #instances: (Instance | undefined)[] = [];
  #unmet = 0;
  #hadRoutes = false;
  // Those of which something is known.
  #touched: Instance[] = [];
  // Those of them that the next refresh has to judge: the others are calm.
  #restless: Instance[] = [];
  readonly #comparison = new Comparison();
  // Derived by #refresh: those that wait for a probe; the others, which take ordinary calls, when somebody asks for them.
  #waiting: Instance[] = [];
  #usable: Instance[] | undefined;
  #peers: Peers = { latencyMs: 0, successRatio: 1 };
  // Derived by the table and the settings; rotations, one for each step away, only when there are too many to compare.
  #rotations: Rotation[] = [];
  #tiers: Tiers | undefined;
  // How far away those are that the call being placed is meant for.
  #meantFor = 0;
  #ring: HashRing | undefined;
  #failingOut = 0;
  readonly #may: May;
  // Calls that are out at all of them.
  #inFlight = 0;
  #refreshAtMs = Number.NEGATIVE_INFINITY;
  // Virtual time of start-time fair queueing: the tag that the last chosen instance had.
  #virtual = 0;
  #pickCount = 0;
  #pickedMs = 0;
  #nextWaiting = 0;

  constructor({ now, random, ask, ...settings }: BalancerOptions) {
    this.#now = now;
    this.#random = random;
    this.#ask = ask;
    this.#may = { ejectFailing: true, ask: ask !== undefined };
    this.configure(settings);
  }

  configure({ policy = Policy.adaptive, locality, constants: overrides }: Settings): void {
    this.#numbers = constantsWith(overrides);
    this.#policy = policy;
    this.#locality = policy === Policy.consistentHash ? undefined : locality;
    for (const instance of this.#instances) if (instance !== undefined) instance.isSuppressed = false;
    this.#derive();
  }

  update(routes: readonly Route[] | RouteList): void {
    const list = routes instanceof RouteList ? routes : new RouteList(routes);
    this.#instances = this.#hadRoutes ? this.#follow(list) : new Array<undefined>(list.routes.length).fill(undefined);
    this.#list = list;
    this.#hadRoutes ||= list.routes.length > 0;
    this.#inFlight = 0;
    this.#unmet = 0;
    this.#touched = [];
    this.#restless = [];
    for (let position = 0; position < this.#instances.length; position++) {
      const instance = this.#instances[position];
      if (instance === undefined) {
        this.#unmet++;
        continue;
      }
      instance.position = position;
      this.#inFlight += instance.inFlight;
      if (instance.slot >= 0) instance.slot = this.#touched.push(instance) - 1;
    }
    this.#derive();
  }

  // Who was in the table stays as it is, met or not. The instances of the first table have been running for who knows how long; later ones are new.
  #follow(list: RouteList): (Instance | undefined)[] {
    const nowMs = this.#now();
    return list.routes.map((route, position) => {
      const before = this.#list.positionOf(list.places[position]!);
      if (before === undefined) {
        const joining = new Instance(route, nowMs);
        // It has the next call.
        joining.tag = this.#virtual - joining.cost;
        return joining;
      }
      const known = this.#instances[before];
      known?.adopt(route);
      return known;
    });
  }

  // What follows from the table and the settings.
  #derive(): void {
    const { routes, weights } = this.#list;
    this.#ring = undefined;
    const aways = this.#locality && Float64Array.from(routes, (route) => this.#awayOf(route));
    this.#tiers = routes.length === 0 ? undefined : new Tiers(weights, aways);
    this.#meantFor = this.#tiers?.aways[0] ?? 0;
    if (this.#unmet < this.#instances.length)
      for (const instance of this.#instances) if (instance !== undefined) this.#place(instance);
    this.#rotations = this.#rotationsOf(aways);
    if (this.#rotations.length === 0) this.#everyone();
    this.#stirAll();
    this.#refreshAtMs = Number.NEGATIVE_INFINITY;
  }

  #place(instance: Instance): void {
    instance.away = this.#awayOf(instance);
    instance.tier = this.#tiers?.tierOf(instance.away) ?? 0;
  }

  #at(position: number): Instance {
    return this.#instances[position] ?? this.#meet(position);
  }

  #meet(position: number): Instance {
    const instance = new Instance(this.#list.routes[position]!, Number.NEGATIVE_INFINITY);
    instance.position = position;
    // Callers that start together must not walk through the instances in step; where these have turns, the turns see to it.
    instance.tag = this.#virtual + (this.#rotations.length > 0 ? 0 : this.#random() * instance.cost);
    this.#place(instance);
    this.#instances[position] = instance;
    this.#unmet--;
    return instance;
  }

  // Meets all of them.
  #everyone(): Instance[] {
    for (let position = 0; this.#unmet > 0; position++) this.#at(position);
    return this.#instances as Instance[];
  }

  pick(except?: ReadonlySet<Route>, key?: string, nowMs = this.#now()): Route | undefined {
    this.#pickedMs = nowMs;
    if (nowMs >= this.#refreshAtMs) this.#refresh(nowMs);
    const isKeyed = key !== undefined && this.#policy === Policy.consistentHash;
    // A key goes to its own instance: it does not try any other.
    if (this.#waiting.length > 0 && !isKeyed) {
      const probe = this.#probe(except, nowMs);
      if (probe !== undefined) return this.#charge(probe, nowMs);
    }
    if (this.#locality !== undefined) this.#meantFor = this.#tiers?.next() ?? 0;
    const chosen =
      (isKeyed ? this.#byKey(key, except, nowMs) : undefined) ??
      (this.#rotations.length > 0 ? this.#inTurn(except, nowMs) : undefined) ??
      this.#bestOf(this.#serving(), except, nowMs) ??
      this.#bestOf(this.#everyone(), except, nowMs);
    if (chosen === undefined) return undefined;
    this.#virtual = Math.max(this.#virtual, chosen.tag);
    return this.#charge(chosen, nowMs);
  }

  started(route: Route): void {
    // The time of the pick just before: a clock costs more than everything else here.
    const instance = this.#find(route);
    if (instance === undefined) return;
    instance.start(this.#pickedMs);
    if (this.#isCurrent(instance)) this.#inFlight++;
    // Its very first call may be the one that hangs.
    if (this.#ask !== undefined) this.#touch(instance);
  }

  finished(route: Route, result: CallResult, nowMs = this.#now()): void {
    const instance = this.#find(route);
    if (instance === undefined) return;
    this.#touch(instance);
    this.#over(instance);
    this.#may.ejectFailing = this.#failingOut + 1 <= this.#instances.length * this.#numbers.ejectFailingUpTo;
    const hasMoved = instance.finish(this.#sound(result), this.#may, nowMs, this.#numbers);
    if (!hasMoved) return;
    // Counted exactly by the next refresh; before that several may follow each other.
    if (instance.ejection.isOut && !result.transportFailed) this.#failingOut++;
    this.#moved(instance, nowMs);
  }

  abandoned(route: Route): void {
    const instance = this.#find(route);
    if (instance === undefined) return;
    this.#over(instance);
    instance.abandon();
  }

  asked(route: Route, isThere: boolean): void {
    const instance = this.#find(route);
    if (instance === undefined) return;
    this.#touch(instance);
    const nowMs = this.#now();
    instance.asked(isThere, nowMs, this.#numbers);
    this.#moved(instance, nowMs);
  }

  // What callers measured, or made up, within what a call can take; NaN and negative durations say nothing and stay as they are.
  #sound(result: CallResult): CallResult {
    const { latencyCeilingMs } = this.#numbers;
    return result.durationMs > latencyCeilingMs ? { ...result, durationMs: latencyCeilingMs } : result;
  }

  explain(): Explanation[] {
    return this.#explain(
      this.#now(),
      () => true,
      (_, explanation) => explanation,
    );
  }

  findings(): Finding[] {
    const nowMs = this.#now();
    return this.#explain(
      nowMs,
      ({ finished }) => finished > 0,
      (instance, explanation) => findingOf(instance, explanation, this.#peers, nowMs, this.#numbers),
    );
  }

  #explain<T>(
    nowMs: number,
    isWanted: (instance: Instance) => boolean,
    explained: (instance: Instance, explanation: Explanation) => T,
  ): T[] {
    this.#refresh(nowMs);
    const serving = new Set(this.#serving());
    const rates = new Float64Array(this.#tiers?.aways.length ?? 0);
    for (const { cost, tier } of serving) rates[tier]! += 1 / cost;
    const parts = this.#tiers?.parts(rates) ?? [];
    return this.#everyone().flatMap((instance) => {
      if (!isWanted(instance)) return [];
      const { cost, tier } = instance;
      const share = serving.has(instance) ? parts[tier]! / cost / rates[tier]! : 0;
      return explained(instance, explainInstance(instance, share, this.#peers, nowMs, this.#numbers));
    });
  }

  hear(hearsay: readonly Hearsay[]): void {
    const nowMs = this.#now();
    const byPlace = new Map(hearsay.map((one) => [placeOf(one), one]));
    for (const [position, place] of this.#list.places.entries()) {
      const said = byPlace.get(place);
      const instance = said === undefined ? this.#instances[position] : this.#at(position);
      if (instance === undefined) continue;
      instance.heard = said && heardAt(said, nowMs);
      if (instance.heard !== undefined) this.#touch(instance);
      if (instance.heard?.leftOut !== true && instance.ejection.rumourEnded()) this.#refreshAtMs = nowMs;
    }
    this.#leaveOutHeard(nowMs);
  }

  #leaveOutHeard(nowMs: number): void {
    let room = this.#instances.length * this.#numbers.hearsayUpTo;
    for (const instance of this.#instances) if (instance?.ejection.isHearsay) room--;
    for (const instance of this.#instances) {
      if (room < 1) return;
      if (instance === undefined) continue;
      const { heard } = instance;
      if (heard?.leftOut !== true || instance.isKnown(nowMs, this.#numbers)) continue;
      if (nowMs - heard.atMs >= this.#numbers.hearsayMs) continue;
      if (!instance.ownEjection().rumoured(this.#ask !== undefined, nowMs, this.#numbers)) continue;
      this.#refreshAtMs = nowMs;
      room--;
    }
  }

  #awayOf(route: Route): number {
    return this.#locality === undefined ? 0 : stepsAway(route, this.#locality) * this.#numbers.awayCost;
  }

  #isCurrent(instance: Instance): boolean {
    return this.#instances[instance.position] === instance;
  }

  #over(instance: Instance): void {
    if (instance.inFlight > 0 && this.#isCurrent(instance)) this.#inFlight--;
  }

  // Something happened to it.
  #touch(instance: Instance): void {
    if (instance.isRestless || !this.#isCurrent(instance)) return;
    if (instance.slot < 0) this.#admit(instance);
    this.#stir(instance);
  }

  #admit(instance: Instance): void {
    const touched = this.#touched;
    instance.slot = touched.push(instance) - 1;
    // Few are kept in the order of the table, so that sums of them do not depend on which call came first.
    if (this.#rotations.length > 0) return;
    for (const [slot, one] of touched.sort(byPosition).entries()) {
      one.slot = slot;
      this.#comparison.note(one);
    }
  }

  // It went out, or came back. Of few instances all are judged anew by that; of many it alone, and the others when their time comes: what they are compared
  // with hardly moves by one, and looking at a thousand for each of them that does not answer would cost more than calls do.
  #moved(instance: Instance, nowMs: number): void {
    if (this.#rotations.length === 0) {
      this.#refreshAtMs = Number.NEGATIVE_INFINITY;
      return;
    }
    if (!this.#isCurrent(instance)) return;
    this.#rate(instance, nowMs);
    const index = this.#waiting.indexOf(instance);
    if (isUsable(instance) && index >= 0) this.#waiting.splice(index, 1);
    else if (!isUsable(instance) && index < 0) this.#waiting.push(instance);
    this.#tiers?.weigh(this.#restless, this.#numbers.nearEnough);
    this.#usable = undefined;
  }

  #stir(instance: Instance): void {
    instance.isRestless = true;
    this.#restless.push(instance);
  }

  #stirAll(): void {
    this.#restless.length = 0;
    for (const instance of this.#touched) this.#stir(instance);
    this.#comparison.forgetCalm();
  }

  #refresh(nowMs: number): void {
    const { refreshMs, refreshPerInstanceMs } = this.#numbers;
    this.#refreshAtMs = nowMs + refreshMs + refreshPerInstanceMs * this.#instances.length;
    const comparison = this.#comparison;
    for (const instance of this.#restless) comparison.note(instance);
    const count = this.#touched.length;
    this.#peers = comparison.peers(count, this.#instances.length - count);
    if (!comparison.leavesCalm(this.#peers, this.#numbers)) this.#stirAll();
    this.#judge(nowMs);
    this.#tiers?.weigh(this.#restless, this.#numbers.nearEnough);
    this.#usable = undefined;
  }

  // Those that are restless; of a thousand these are few, and the others have only grown older.
  #judge(nowMs: number): void {
    const restless = this.#restless;
    const waiting: Instance[] = [];
    let left = 0;
    this.#failingOut = 0;
    for (let index = 0; index < restless.length; index++) {
      const instance = restless[index]!;
      this.#rate(instance, nowMs);
      const { isOut, transportFailures } = instance.ejection;
      if (isOut && transportFailures === 0) this.#failingOut++;
      if (isOut || instance.isSuppressed) waiting.push(instance);
      if (this.#ask !== undefined && instance.wantsAsking(nowMs, this.#numbers)) this.#askFor(instance, nowMs);
      if (instance.mayRest(nowMs, this.#numbers)) this.#comparison.rest(instance, this.#numbers);
      else restless[left++] = instance;
    }
    restless.length = left;
    // As with sums; of many each has its turn.
    if (waiting.length > 1 && this.#rotations.length === 0) waiting.sort(byPosition);
    this.#waiting = waiting;
  }

  #askFor(instance: Instance, nowMs: number): void {
    instance.beginAsking(nowMs);
    if (!this.#ask!(instance, this.#numbers.askTimeoutMs)) instance.ejection.cannotBeAsked();
  }

  #serving(): Instance[] {
    if (this.#usable === undefined) {
      const everyone = this.#everyone();
      const usable = this.#waiting.length === 0 ? everyone : everyone.filter(isUsable);
      this.#usable = usable.length > 0 ? usable : this.#lastResort();
    }
    return this.#usable;
  }

  // Those that are only bad before those that are dead, and when all are dead all of them.
  #lastResort(): Instance[] {
    const alive = this.#everyone().filter(({ ejection }) => !ejection.isOut);
    return alive.length > 0 ? alive : [...this.#everyone()];
  }

  #rate(instance: Instance, nowMs: number): void {
    const costBefore = instance.cost;
    // With keys the calls that have none are dealt out as usual.
    if (this.#policy !== Policy.weightedRoundRobin) instance.judge(this.#peers, nowMs, this.#numbers);
    else instance.takeRate((instance.weight / 100) * instance.warmth(nowMs, this.#numbers));
    // What it is ahead in virtual time are calls that it had, at the price of then.
    const aheadBy = instance.tag - this.#virtual;
    if (aheadBy > 0) instance.tag = this.#virtual + (aheadBy * instance.cost) / costBefore;
  }

  #rotationsOf(aways: Float64Array | undefined): Rotation[] {
    const { turns, routes, weights } = this.#list;
    if (routes.length <= this.#numbers.compareAllUpTo) return [];
    if (aways === undefined) return [new Rotation(turns, 0, this.#random)];
    const nearestFirst = this.#tiers?.aways ?? [];
    return nearestFirst.map((away) => {
      const equallyFar = routes.map((_, position) => position).filter((position) => aways[position] === away);
      return new Rotation(new Turns(weights, equallyFar), away, this.#random);
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

  #byKey(key: string, except: ReadonlySet<Route> | undefined, nowMs: number): Instance | undefined {
    this.#ring ??= new HashRing(this.#everyone(), this.#numbers);
    const { hashLoadFactor, hashLoadFloor } = this.#numbers;
    const perWeight = (hashLoadFactor * (this.#inFlight + 1)) / this.#list.weight;
    return this.#ring.find(key, (instance) => {
      if (except?.has(instance)) return false;
      if (instance.ejection.isOut) return this.#triesByKey(instance, nowMs);
      return instance.inFlight < Math.max(hashLoadFloor, perWeight * instance.weight);
    });
  }

  // One whose back-off is over is tried with a key of its own.
  #triesByKey(instance: Instance, nowMs: number): boolean {
    if (!instance.wantsProbe(nowMs, this.#pickCount, 0, this.#numbers)) return false;
    instance.beginProbe(nowMs);
    return true;
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

  #inTurn(except: ReadonlySet<Route> | undefined, nowMs: number): Instance | undefined {
    return this.#bestInTurn(except, nowMs) ?? this.#anyInTurn(except);
  }

  // The next one that is free, first of those that the call is meant for, then nearest first; of those in turn that are all busy the least so.
  #bestInTurn(except: ReadonlySet<Route> | undefined, nowMs: number): Instance | undefined {
    let best: Instance | undefined;
    let least = Number.POSITIVE_INFINITY;
    const rotations = this.#rotations;
    const first = this.#firstRotation();
    for (let step = 0; step < rotations.length; step++) {
      const rotation = rotations[step === 0 ? first : step <= first ? step - 1 : step]!;
      const distance = this.#distance(rotation.away);
      if (least <= distance) continue;
      for (let turn = 0; turn < this.#numbers.candidates; turn++) {
        const instance = this.#at(rotation.next());
        if (!this.#takesTurn(instance) || except?.has(instance)) continue;
        const load = this.#loadOf(instance, nowMs);
        if (load >= least) continue;
        least = load;
        best = instance;
        if (load <= distance) break;
      }
    }
    return best;
  }

  #firstRotation(): number {
    const rotations = this.#rotations;
    let first = 0;
    while (first < rotations.length - 1 && rotations[first]!.away !== this.#meantFor) first++;
    return first;
  }

  // Any that serves, nearest first, where most are out: found within a few turns, unless so few serve that their list is short. Where none does, any that is alive, or any.
  #anyInTurn(except: ReadonlySet<Route> | undefined): Instance | undefined {
    const doesNoneServe = this.#waiting.length === this.#instances.length;
    const mayServe = !doesNoneServe ? isUsable : this.#waiting.every(isOut) ? isAny : isAlive;
    for (const rotation of this.#rotations) {
      for (let turn = 0; turn < patientTurns; turn++) {
        const instance = this.#at(rotation.next());
        if (mayServe(instance) && !except?.has(instance)) return instance;
      }
    }
    return undefined;
  }

  // As calls in flight, from those that the call is meant for: they are what it is dealt out among.
  #distance(away: number): number {
    return away >= this.#meantFor ? away - this.#meantFor : this.#numbers.awayCost;
  }

  #takesTurn({ ejection, isSuppressed, cost, weight }: Instance): boolean {
    if (ejection.isOut || isSuppressed) return false;
    const worth = 100 / (cost * weight);
    return worth >= 1 || this.#random() < worth;
  }

  #loadOf(instance: Instance, nowMs: number): number {
    let load = instance.inFlight + this.#distance(instance.away);
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
    if (route instanceof Instance) return route;
    const position = this.#list.positionOf(placeOf(route));
    return position === undefined ? undefined : this.#at(position);
  }
}

function byPosition(one: Instance, other: Instance): number {
  return one.position - other.position;
}

function isUsable({ ejection, isSuppressed }: Instance): boolean {
  return !ejection.isOut && !isSuppressed;
}

function isOut({ ejection }: Instance): boolean {
  return ejection.isOut;
}

function isAlive({ ejection }: Instance): boolean {
  return !ejection.isOut;
}

function isAny(): boolean {
  return true;
}
