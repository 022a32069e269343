import { randomAt, serviceTime } from "./random.ts";

/** The seed of what an instance draws. */
export function instanceSeed(seed: number, instance: number): number {
  return seed * 7919 + instance;
}

/**
 * What the work of each instance takes, in the order in which it begins.
 *
 * Drawn once, and as far as it is needed, for all algorithms that run one after the other: a logarithm for each call would be a tenth of a simulation. Those of
 * one instance lie side by side, all in one column: a thousand columns would be a thousand places in memory more for each call to find.
 */
export class ServiceTimes {
  readonly #seed: number;
  readonly #meanMs: number;
  readonly #drawn: Int32Array;
  #each = 64;
  #times: Float64Array;

  constructor(seed: number, meanMs: number, instances: number) {
    this.#seed = seed;
    this.#meanMs = meanMs;
    this.#drawn = new Int32Array(instances);
    this.#times = new Float64Array(instances * this.#each);
  }

  /** By the instance's random number at this position, 0…; in ms. */
  at(instance: number, position: number): number {
    if (position >= this.#drawn[instance]!) this.#draw(instance, position);
    return this.#times[instance * this.#each + position]!;
  }

  #draw(instance: number, position: number): void {
    while (position >= this.#each) this.#grow();
    const begin = instance * this.#each;
    const seed = instanceSeed(this.#seed, instance);
    for (let next = this.#drawn[instance]!; next < this.#each; next++) {
      this.#times[begin + next] = serviceTime(randomAt(seed, next), this.#meanMs);
    }
    this.#drawn[instance] = this.#each;
  }

  #grow(): void {
    const each = this.#each * 2;
    const times = new Float64Array(this.#drawn.length * each);
    for (let instance = 0; instance < this.#drawn.length; instance++) {
      times.set(this.#times.subarray(instance * this.#each, (instance + 1) * this.#each), instance * each);
    }
    this.#times = times;
    this.#each = each;
  }
}

let last: { readonly key: string; readonly times: ServiceTimes } | undefined;

/** The service times of all instances, the same for every algorithm, and kept for the next one with the same seed. */
export function serviceTimesOf(seed: number, meanMs: number, instances: number): ServiceTimes {
  const key = `${seed} ${meanMs} ${instances}`;
  if (last?.key !== key) last = { key, times: new ServiceTimes(seed, meanMs, instances) };
  return last.times;
}
