import type { Bucket } from "./histogram-quantile.ts";

/** Counts of consecutive buckets, the first of which has the index `offset`. */
type Run = { readonly offset: number; readonly counts: readonly number[] };

/** The buckets of an exponential histogram: bucket `index` holds values above 2^(index / 2^scale) up to 2^((index + 1) / 2^scale). */
export type ExponentialBuckets = {
  /** -20…40, which is far beyond what any SDK makes. */
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: Run;
  readonly negative: Run;
};

export const SCALE_MIN = -20;
export const SCALE_MAX = 40;

// Buckets beyond a double: 2^±1074.
const EXPONENT_MAX = 1_074;

/**
 * What came between two points of one histogram. Buckets merge as values spread: the scale falls, so the earlier point is merged to that of the later one.
 *
 * @returns `undefined` where the earlier one cannot have become the later one: the program began anew
 */
export function subtractBuckets(now: ExponentialBuckets, before: ExponentialBuckets): ExponentialBuckets | undefined {
  const merged = before.scale - now.scale;
  if (merged < 0) return undefined;
  const positive = subtractRun(now.positive, before.positive, merged);
  const negative = subtractRun(now.negative, before.negative, merged);
  if (positive === undefined || negative === undefined || now.zeroCount < before.zeroCount) return undefined;
  return { scale: now.scale, zeroCount: now.zeroCount - before.zeroCount, positive, negative };
}

/** The buckets in ascending order of their values. */
export function bucketsInOrder({ scale, zeroCount, positive, negative }: ExponentialBuckets): Bucket[] {
  const step = 2 ** -scale;
  const border = (index: number) => 2 ** Math.min(Math.max(index * step, -EXPONENT_MAX), 1_023.999);
  const above = positive.counts.map((count, i) => {
    const index = positive.offset + i;
    return { from: border(index), to: border(index + 1), count };
  });
  const below = negative.counts.map((count, i) => {
    const index = negative.offset + i;
    return { from: -border(index + 1), to: -border(index), count };
  });
  return [...below.reverse(), { from: 0, to: 0, count: zeroCount }, ...above];
}

function subtractRun(now: Run, before: Run, merged: number): Run | undefined {
  const counts = [...now.counts];
  for (const [i, count] of before.counts.entries()) {
    if (count === 0) continue;
    const at = Math.floor((before.offset + i) / 2 ** merged) - now.offset;
    const left = (counts[at] ?? 0) - count;
    if (left < 0) return undefined;
    counts[at] = left;
  }
  return { offset: now.offset, counts };
}
