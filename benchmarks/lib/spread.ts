/** Minimum, median and maximum of some figures. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

/** The spread of `figures`, at least one. */
export function spreadOf(figures: number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1
      ? (sorted[middle] as number)
      : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
  return { min: sorted[0] as number, median, max: sorted.at(-1) as number };
}

/** `9.8 (9.1–10.4)`, with two digits below ten and none from a hundred on. */
export function formatSpread(spread: Spread): string {
  const digits = spread.median >= 100 ? 0 : spread.median >= 10 ? 1 : 2;
  const text = (value: number) => value.toFixed(digits);
  return `${text(spread.median)} (${text(spread.min)}–${text(spread.max)})`;
}
