import type { SortedSamples } from "./sample-block.ts";

/** What of each step of each series there is. */
export interface RolledSamples {
  /** The series of each row. */
  readonly series: Uint32Array;
  /** The start of the step, seconds since 1970 UTC. */
  readonly times: Uint32Array;
  readonly kinds: Uint8Array;
  readonly counts: Uint32Array;
  readonly sums: Float64Array;
  readonly mins: Float64Array;
  readonly maxs: Float64Array;
  readonly lasts: Float64Array;
}

/**
 * Add up samples by steps. Another batch may bring more of the same step: the store's tables add up rows of the same key.
 *
 * @param samples  each series' rows side by side, in order of time
 * @param stepS    seconds
 */
export function rollUp({ series, times, kinds, values }: SortedSamples, stepS: number): RolledSamples {
  const most = times.length;
  const rolled = {
    series: new Uint32Array(most),
    times: new Uint32Array(most),
    kinds: new Uint8Array(most),
    counts: new Uint32Array(most),
    sums: new Float64Array(most),
    mins: new Float64Array(most),
    maxs: new Float64Array(most),
    lasts: new Float64Array(most),
  };
  let at = -1;
  for (let row = 0; row < most; row++) {
    const time = times[row]!;
    const value = values[row]!;
    const begin = time - (time % stepS);
    if (at < 0 || rolled.series[at] !== series[row] || rolled.times[at] !== begin) {
      at++;
      rolled.series[at] = series[row]!;
      rolled.times[at] = begin;
      rolled.kinds[at] = kinds[row]!;
      rolled.mins[at] = value;
      rolled.maxs[at] = value;
    }
    rolled.counts[at]!++;
    rolled.sums[at]! += value;
    if (value < rolled.mins[at]!) rolled.mins[at] = value;
    if (value > rolled.maxs[at]!) rolled.maxs[at] = value;
    rolled.lasts[at] = value;
  }
  const rows = at + 1;
  return {
    series: rolled.series.subarray(0, rows),
    times: rolled.times.subarray(0, rows),
    kinds: rolled.kinds.subarray(0, rows),
    counts: rolled.counts.subarray(0, rows),
    sums: rolled.sums.subarray(0, rows),
    mins: rolled.mins.subarray(0, rows),
    maxs: rolled.maxs.subarray(0, rows),
    lasts: rolled.lasts.subarray(0, rows),
  };
}

/**
 * The same rows with their series in another order.
 *
 * @param order  of all series
 */
export function rolledInOrder(rolled: RolledSamples, order: Uint32Array): RolledSamples {
  const rows = rolled.series.length;
  const begins = new Uint32Array(order.length).fill(rows);
  for (let row = rows - 1; row >= 0; row--) begins[rolled.series[row]!] = row;
  const places = new Uint32Array(rows);
  let at = 0;
  for (const series of order) {
    for (let row = begins[series]!; row < rows && rolled.series[row] === series; row++) places[at++] = row;
  }
  const arranged = <Column extends Uint8Array | Uint32Array | Float64Array>(column: Column): Column => {
    const copy = column.slice() as Column;
    for (let i = 0; i < rows; i++) copy[i] = column[places[i]!]!;
    return copy;
  };
  return {
    series: arranged(rolled.series),
    times: arranged(rolled.times),
    kinds: arranged(rolled.kinds),
    counts: arranged(rolled.counts),
    sums: arranged(rolled.sums),
    mins: arranged(rolled.mins),
    maxs: arranged(rolled.maxs),
    lasts: arranged(rolled.lasts),
  };
}
