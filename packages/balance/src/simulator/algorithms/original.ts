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

class Server {
  readonly instance: number;
  weight = staticWeight;
  success = 0;
  failed = 0;

  constructor(instance: number) {
    this.instance = instance;
  }

  // One period's shaping. The guard of ten requests is never applied there, for a field is zero: kept, it is what ran.
  /** @returns whether its weight is another one now */
  shape(base: number, mayDecrease: boolean): boolean {
    const requests = this.success + this.failed;
    if (requests === 0) return false;
    const before = this.weight;
    const ratio = this.success / requests;
    if (ratio >= base) {
      this.weight =
        this.weight === 0
          ? staticWeight * resumeRatio
          : Math.min(staticWeight, this.weight + staticWeight * increaseRatio);
    } else if (ratio <= 1e-5) {
      this.weight = 0;
    } else if (mayDecrease) {
      this.weight = Math.trunc(this.weight * ratio * ratio);
    }
    return this.weight !== before;
  }
}

/** The route table of one host in the original, with its faults (nlb/src/agent/agent.c, nlb/src/api/nlbapi.c). */
class RouteTable {
  readonly #random: () => number;
  #servers: Server[] = [];
  #byInstance: Server[] = [];
  // Derived from the weights, which change once a period: who is alive, the running sum of their weights, and who is dead.
  #live: Server[] = [];
  #weightEnds = new Float64Array(0);
  #dead: Server[] = [];
  #shapedMs = 0;
  // Statistics are cleared before it is computed, so it is always one: kept as well.
  #deadRetries = 1;
  #lowCount = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  update(instances: readonly number[]): void {
    this.#servers = instances.map((instance) => this.#byInstance[instance] ?? new Server(instance));
    this.#byInstance = [];
    for (const server of this.#servers) this.#byInstance[server.instance] = server;
    this.#addUp();
  }

  pick(nowMs: number, tried: ReadonlySet<number> | undefined): number {
    if (nowMs - this.#shapedMs >= periodMs) this.#shape(nowMs);
    if (tried !== undefined) return this.#pickAnother(tried);
    const server = this.#search();
    const requests = server.success + server.failed;
    const isTripped = requests >= breakerRequests && server.success / requests < successMin;
    return isTripped ? this.#uniform(this.#servers).instance : server.instance;
  }

  finished(instance: number, ok: boolean): void {
    const server = this.#byInstance[instance];
    if (server === undefined) return;
    if (ok) server.success++;
    else server.failed++;
  }

  #addUp(): void {
    this.#live = this.#servers.filter(({ weight }) => weight > 0);
    this.#dead = this.#servers.filter(({ weight }) => weight === 0);
    let end = 0;
    this.#weightEnds = Float64Array.from(this.#live, ({ weight }) => (end += weight));
  }

  #search(): Server {
    const live = this.#live;
    if (live.length === 0) return this.#uniform(this.#servers);
    const sum = this.#weightEnds[live.length - 1]!;
    const deadZone = this.#dead.length > 0 ? sum * deadRatio + 1 : 0;
    if (this.#random() * (sum + deadZone) >= sum && this.#deadRetries > 0) {
      this.#deadRetries--;
      return this.#uniform(this.#dead);
    }
    return this.#weighted();
  }

  #weighted(): Server {
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
    const open = this.#servers.filter(({ instance }) => !tried.has(instance));
    const live = open.filter(({ weight }) => weight > 0);
    if (live.length === 0) return open.length > 0 ? this.#uniform(open).instance : -1;
    let left = this.#random() * live.reduce((total, { weight }) => total + weight, 0);
    for (const server of live) {
      left -= server.weight;
      if (left < 0) return server.instance;
    }
    return live.at(-1)!.instance;
  }

  #uniform(servers: Server[]): Server {
    return servers[Math.floor(this.#random() * servers.length)]!;
  }

  #shape(nowMs: number): void {
    const mayDecrease = this.#lowCount / this.#servers.length <= lowRatio;
    const base = mayDecrease ? successBase : Math.min(this.#averageSuccess(), successBase);
    this.#lowCount = 0;
    let hasChanged = false;
    for (const server of this.#servers) {
      hasChanged = server.shape(base, mayDecrease) || hasChanged;
      if (server.weight / staticWeight < lowWatermark) this.#lowCount++;
      server.success = 0;
      server.failed = 0;
    }
    if (hasChanged) this.#addUp();
    this.#deadRetries = 1;
    this.#shapedMs = nowMs;
  }

  #averageSuccess(): number {
    let success = 0;
    let all = 0;
    for (const server of this.#servers) {
      success += server.success;
      all += server.success + server.failed;
    }
    return all === 0 ? 1 : success / all;
  }
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
