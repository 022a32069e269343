import { readCorpus } from "./corpus.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";
import type { FuzzTarget } from "./target.ts";
import { codecTarget } from "./targets/codec-target.ts";
import { frameTarget } from "./targets/frame-target.ts";
import { headTarget } from "./targets/head-target.ts";

/** What can be fuzzed inside a process, by name. */
export const targets: Readonly<Record<string, FuzzTarget>> = {
  frame: frameTarget,
  head: headTarget,
  codec: codecTarget,
};

const seedsOf = new Map<string, readonly Uint8Array[]>();

/** Input `index` of a run: first the kept and valid ones as they are, then damaged ones. The same for the same seed, index and corpus. */
export function inputOf(target: string, seed: number, index: number): Uint8Array {
  let seeds = seedsOf.get(target);
  if (!seeds) {
    seeds = [...targets[target]!.seeds, ...readCorpus(target)];
    seedsOf.set(target, seeds);
  }
  const asIs = seeds[index];
  if (asIs) {
    return asIs;
  }
  const random = Random.of(seed, index);
  return mutate(random.pick(seeds), seeds, random);
}
