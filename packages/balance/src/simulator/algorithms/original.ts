import type { Algorithm } from "../algorithm.ts";

/** The original's constants (nlb/src/comm/commstruct.h). */
const periodMs = 5_000;
const staticWeight = 100;
const successBase = 0.98;
const successMin = 0.6;
const breakerRequests = 10;
const resumeRatio = 0.1;
const increaseRatio = 0.05;
const deadRatio = 0.01;
const lowWatermark = 0.5;
const lowRatio = 0.5;

/** The route table of one host in the original, with its faults (nlb/src/agent/agent.c, nlb/src/api/nlbapi.c). */
class RouteTable {
  readonly #random: () => number;
  #instances: readonly number[] = [];
  // What is known of each instance, in columns by its number.
  #weight = new Float64Array(0);
  #success = new Uint32Array(0);
  #failed = new Uint32Array(0);
  // Those that were called in this period: the others have nothing to be shaped by.
  #called: number[] = [];
  // Derived from the weights, which change once a period: who is alive, the running sum of their weights, and who is dead.
  #live: readonly number[] = [];
  #weightEnds = new Float64Array(0);
  #dead: readonly number[] = [];
  #shapedMs = 0;
  // Statistics are cleared before it is computed, so it is always one: kept as well.
  #deadRetries = 1;
  #lowCount = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** @param instances  ascending; they only join in what is simulated */
  update(instances: readonly number[]): void {
    this.#instances = instances;
    const count = (instances.at(-1) ?? -1) + 1;
    if (count > this.#weight.length) {
      const weight = new Float64Array(count).fill(staticWeight);
      weight.set(this.#weight);
      this.#weight = weight;
      this.#success = grown(this.#success, count);
      this.#failed = grown(this.#failed, count);
    }
    this.#addUp();
  }

  pick(nowMs: number, tried: ReadonlySet<number> | undefined): number {
    if (nowMs - this.#shapedMs >= periodMs) this.#shape(nowMs);
    if (tried !== undefined) return this.#pickAnother(tried);
    const instance = this.#search();
    const requests = this.#success[instance]! + this.#failed[instance]!;
    const isTripped = requests >= breakerRequests && this.#success[instance]! / requests < successMin;
    return isTripped ? this.#uniform(this.#instances) : instance;
  }

  finished(instance: number, ok: boolean): void {
    if (this.#success[instance] === 0 && this.#failed[instance] === 0) this.#called.push(instance);
    if (ok) this.#success[instance]!++;
    else this.#failed[instance]!++;
  }

  #addUp(): void {
    const weight = this.#weight;
    const isAlive = (instance: number) => weight[instance]! > 0;
    // Nearly always all of them are: then the table itself is the list.
    this.#live = this.#instances.every(isAlive) ? this.#instances : this.#instances.filter(isAlive);
    this.#dead = this.#live === this.#instances ? [] : this.#instances.filter((instance) => !isAlive(instance));
    const live = this.#live;
    if (this.#weightEnds.length !== live.length) this.#weightEnds = new Float64Array(live.length);
    const ends = this.#weightEnds;
    let end = 0;
    for (let position = 0; position < live.length; position++) {
      end += weight[live[position]!]!;
      ends[position] = end;
    }
  }

  #search(): number {
    const live = this.#live;
    if (live.length === 0) return this.#uniform(this.#instances);
    const sum = this.#weightEnds[live.length - 1]!;
    const deadZone = this.#dead.length > 0 ? sum * deadRatio + 1 : 0;
    if (this.#random() * (sum + deadZone) >= sum && this.#deadRetries > 0) {
      this.#deadRetries--;
      return this.#uniform(this.#dead);
    }
    return this.#weighted();
  }

  #weighted(): number {
    const ends = this.#weightEnds;
    const point = this.#random() * ends[ends.length - 1]!;
    let low = 0;
    let high = ends.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle]! <= point) low = middle + 1;
      else high = middle;
    }
    return this.#live[low]!;
  }

  // It has no repeats of its own; where the simulation repeats, all algorithms may avoid what was tried.
  #pickAnother(tried: ReadonlySet<number>): number {
    const open = this.#instances.filter((instance) => !tried.has(instance));
    const live = open.filter((instance) => this.#weight[instance]! > 0);
    if (live.length === 0) return open.length > 0 ? this.#uniform(open) : -1;
    let left = this.#random() * live.reduce((total, instance) => total + this.#weight[instance]!, 0);
    for (const instance of live) {
      left -= this.#weight[instance]!;
      if (left < 0) return instance;
    }
    return live.at(-1)!;
  }

  #uniform(instances: readonly number[]): number {
    return instances[Math.floor(this.#random() * instances.length)]!;
  }

  #shape(nowMs: number): void {
    const mayDecrease = this.#lowCount / this.#instances.length <= lowRatio;
    const base = mayDecrease ? successBase : Math.min(this.#averageSuccess(), successBase);
    let hasChanged = false;
    for (const instance of this.#called) {
      const before = this.#weight[instance]!;
      const weight = this.#shaped(instance, base, mayDecrease);
      this.#success[instance] = 0;
      this.#failed[instance] = 0;
      if (weight === before) continue;
      hasChanged = true;
      this.#weight[instance] = weight;
      this.#lowCount += Number(isLow(weight)) - Number(isLow(before));
    }
    this.#called.length = 0;
    if (hasChanged) this.#addUp();
    this.#deadRetries = 1;
    this.#shapedMs = nowMs;
  }

  // Its weight after one period. The guard of ten requests is never applied there, for a field is zero: kept, it is what ran.
  #shaped(instance: number, base: number, mayDecrease: boolean): number {
    const weight = this.#weight[instance]!;
    const success = this.#success[instance]!;
    const ratio = success / (success + this.#failed[instance]!);
    if (ratio >= base) {
      return weight === 0 ? staticWeight * resumeRatio : Math.min(staticWeight, weight + staticWeight * increaseRatio);
    }
    if (ratio <= 1e-5) return 0;
    return mayDecrease ? Math.trunc(weight * ratio * ratio) : weight;
  }

  #averageSuccess(): number {
    let success = 0;
    let all = 0;
    for (const instance of this.#called) {
      success += this.#success[instance]!;
      all += this.#success[instance]! + this.#failed[instance]!;
    }
    return all === 0 ? 1 : success / all;
  }
}

function isLow(weight: number): boolean {
  return weight / staticWeight < lowWatermark;
}

function grown(counts: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(length);
  longer.set(counts);
  return longer;
}

/** Tencent MSEC's NLB at af82537, one table for each caller, which is a host of its own. */
export const original: Algorithm = {
  name: "original (NLB)",
  about: "the original's: success ratios of 5 s periods, weighted random",
  create(now, random) {
    const table = new RouteTable(random);
    return {
      update: (instances) => table.update(instances),
      pick: (tried) => table.pick(now(), tried),
      started() {},
      finished: (instance, { ok }) => table.finished(instance, ok),
    };
  },
};
