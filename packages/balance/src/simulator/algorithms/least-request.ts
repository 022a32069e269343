import type { Algorithm } from "../algorithm.ts";

/** Instances by their calls in flight: those with none, with one, …; moving one to the next list and drawing of a list take no search. */
class InFlightLists {
  readonly #lists: number[][] = [[]];
  readonly #inFlight: number[] = [];
  readonly #position: number[] = [];

  has(instance: number): boolean {
    return this.#inFlight[instance] !== undefined;
  }

  add(instance: number): void {
    this.#put(instance, 0);
  }

  /** One more call, or with -1 one less. */
  change(instance: number, by: 1 | -1): void {
    const inFlight = this.#inFlight[instance]!;
    const list = this.#lists[inFlight]!;
    const last = list.pop()!;
    if (last !== instance) {
      list[this.#position[instance]!] = last;
      this.#position[last] = this.#position[instance]!;
    }
    this.#put(instance, inFlight + by);
  }

  /** One of those with the fewest calls, any of them alike; -1 when all were tried. */
  least(tried: ReadonlySet<number> | undefined, random: () => number): number {
    for (const list of this.#lists) {
      const open = tried === undefined ? list : list.filter((instance) => !tried.has(instance));
      if (open.length > 0) return open[Math.floor(random() * open.length)]!;
    }
    return -1;
  }

  #put(instance: number, inFlight: number): void {
    this.#lists[inFlight] ??= [];
    this.#inFlight[instance] = inFlight;
    this.#position[instance] = this.#lists[inFlight].push(instance) - 1;
  }
}

/** The instance with the fewest calls in flight of this caller, any of those that have as few. Instances only join in what is simulated. */
export const leastRequest: Algorithm = {
  name: "least request",
  about: "fewest calls in flight; all are compared",
  create(_now, random) {
    const lists = new InFlightLists();
    return {
      update(instances) {
        for (const instance of instances) if (!lists.has(instance)) lists.add(instance);
      },
      pick: (tried) => lists.least(tried, random),
      started: (instance) => lists.change(instance, 1),
      finished: (instance) => lists.change(instance, -1),
    };
  },
};
