/** One bucket of a histogram: values above `from` up to `to`. */
export type Bucket = { readonly from: number; readonly to: number; readonly count: number };

/**
 * The value below which a share of a histogram's values lies, interpolated in its bucket; `undefined` for an empty one.
 *
 * @param buckets  in ascending order; the first may begin at -Infinity, the last end at Infinity: their finite ends are taken then
 * @param share    0…1
 */
export function histogramQuantile(buckets: readonly Bucket[], share: number): number | undefined {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  if (total <= 0) return undefined;
  let left = share * total;
  for (const { from, to, count } of buckets) {
    if (count === 0) continue;
    if (left <= count) {
      if (!Number.isFinite(to)) return Number.isFinite(from) ? from : undefined;
      if (!Number.isFinite(from)) return to;
      return from + (to - from) * (left / count);
    }
    left -= count;
  }
  return undefined;
}
