import { randomAt, serviceTime } from "./random.ts";

/**
 * What the work of one instance takes, in the order in which it begins.
 *
 * Drawn once, and as far as it is needed, for all algorithms that run one after the other: a logarithm for each call would be a tenth of a simulation.
 */
export class ServiceTimes {
  readonly #seed: number;
  readonly #meanMs: number;
  #times = new Float64Array(64);
  #drawn = 0;

  constructor(seed: number, meanMs: number) {
    this.#seed = seed;
    this.#meanMs = meanMs;
  }

  /** By the instance's random number at this position, 0…; in ms. */
  at(position: number): number {
    if (position >= this.#drawn) this.#draw(position);
    return this.#times[position]!;
  }

  #draw(position: number): void {
    if (position >= this.#times.length) {
      const times = new Float64Array(Math.max(this.#times.length * 2, position + 1));
      times.set(this.#times);
      this.#times = times;
    }
    const end = this.#times.length;
    for (let next = this.#drawn; next < end; next++) {
      this.#times[next] = serviceTime(randomAt(this.#seed, next), this.#meanMs);
    }
    this.#drawn = end;
  }
}

let last: { readonly seed: number; readonly meanMs: number; readonly times: ServiceTimes[] } | undefined;

/** The seed of what an instance draws. */
export function instanceSeed(seed: number, instance: number): number {
  return seed * 7919 + instance;
}

/** The service times of an instance, the same for every algorithm, and kept for the next one with the same seed. */
export function serviceTimesOf(seed: number, instance: number, meanMs: number): ServiceTimes {
  if (last?.seed !== seed || last.meanMs !== meanMs) last = { seed, meanMs, times: [] };
  last.times[instance] ??= new ServiceTimes(instanceSeed(seed, instance), meanMs);
  return last.times[instance];
}
