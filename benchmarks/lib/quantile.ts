/** The `q` quantile of ascending milliseconds, in whole microseconds; 0 when there are none. */
export function quantileUs(sortedMs: Float64Array, q: number): number {
  return Math.round((sortedMs[Math.floor(sortedMs.length * q)] ?? 0) * 1000);
}
