/** What a curve comes to in a range. Steps without anything (0 too, as on the monitor page) are not counted. */
export interface CurveSummary {
  readonly sum: number;
  /** NaN, as the two below, where there is nothing. */
  readonly max: number;
  readonly min: number;
  readonly mean: number;
  /** How many steps have something. */
  readonly steps: number;
}

/** Sum, greatest, least and mean of the steps that have something. @param values  NaN where a gauge has none */
export function summaryOf(values: readonly number[]): CurveSummary {
  let [sum, steps] = [0, 0];
  let [max, min] = [Number.NaN, Number.NaN];
  for (const value of values) {
    if (Number.isNaN(value) || value === 0) continue;
    sum += value;
    // The first one replaces NaN, which nothing compares with.
    if (!(max >= value)) max = value;
    if (!(min <= value)) min = value;
    steps++;
  }
  return { sum, max, min, mean: sum / steps, steps };
}

const blocks = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/**
 * A curve as a line of text, from 0 (or its least value, where that is below) to its greatest; blank where there is nothing.
 *
 * @param width  characters at most; longer curves show the mean of neighbours
 * @param top    the value of the highest block; default: the curve's own greatest. So two curves can share a scale.
 */
export function sparkline(values: readonly number[], width: number, top?: number): string {
  const cells = Math.min(width, values.length);
  const means = Array.from({ length: cells }, (_, cell) =>
    meanOf(values.slice(Math.floor((cell * values.length) / cells), Math.floor(((cell + 1) * values.length) / cells))),
  );
  const some = means.filter((value) => !Number.isNaN(value));
  const least = Math.min(0, ...some);
  const most = top ?? Math.max(0, ...some);
  return means
    .map((value) => {
      if (Number.isNaN(value)) return " ";
      const share = most > least ? (value - least) / (most - least) : 0;
      return blocks[Math.min(blocks.length - 1, Math.max(0, Math.round(share * (blocks.length - 1))))];
    })
    .join("");
}

function meanOf(values: readonly number[]): number {
  const some = values.filter((value) => !Number.isNaN(value));
  return some.reduce((sum, value) => sum + value, 0) / some.length;
}
