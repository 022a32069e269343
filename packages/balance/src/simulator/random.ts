/** Mulberry32: the same numbers in 0…1, 1 excluded, for the same seed in every run. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Exponentially spread with this mean: times between calls that know nothing of each other. */
export function exponential(random: () => number, mean: number): number {
  return -Math.log(1 - random()) * mean;
}

/**
 * Service times as services have them: never below half the mean, most near it, with a tail (p99 about 2.8 times the mean).
 */
export function serviceTime(random: () => number, mean: number): number {
  return mean * 0.5 + exponential(random, mean * 0.5);
}
