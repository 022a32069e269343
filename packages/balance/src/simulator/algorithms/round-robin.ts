import type { Algorithm } from "../algorithm.ts";

/** One after the other, beginning anywhere. */
export const roundRobin: Algorithm = {
  name: "round robin",
  about: "one after the other",
  create(_now, random) {
    let table: readonly number[] = [];
    let next = 0;
    return {
      update(instances) {
        table = instances;
        next = Math.floor(random() * instances.length);
      },
      pick(tried) {
        for (let step = 0; step < table.length; step++) {
          const instance = table[next++ % table.length]!;
          if (!tried?.has(instance)) return instance;
        }
        return -1;
      },
      started() {},
      finished() {},
    };
  },
};
