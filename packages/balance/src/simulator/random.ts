/** Mulberry32: the same numbers in 0…1, 1 excluded, for the same seed in every run. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + step) | 0;
    return numberOf(state);
  };
}

/** The number at a position, 0…, of what `seededRandom` gives one after the other. */
export function randomAt(seed: number, position: number): number {
  return numberOf((seed + Math.imul(position + 1, step)) | 0);
}

const step = 0x6d2b79f5;

function numberOf(state: number): number {
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

/** Exponentially spread with this mean, by an even one in 0…1, 1 excluded: times between calls that know nothing of each other. */
export function exponential(even: number, mean: number): number {
  return -Math.log(1 - even) * mean;
}

/**
 * Service times as services have them, by an even number in 0…1, 1 excluded: never below half the mean, most near it, with a tail (p99 about 2.8 times the mean).
 */
export function serviceTime(even: number, mean: number): number {
  return mean * 0.5 + exponential(even, mean * 0.5);
}
