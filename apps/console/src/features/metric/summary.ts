/** What a curve comes to in a range, as the original's table of minutes said it. */
export interface CurveSummary {
  readonly sum: number;
  readonly max: number;
  readonly min: number;
  /** Over the steps in which there was something. */
  readonly mean: number;
  /** How many those are. */
  readonly steps: number;
}

/** Sum, greatest, least and mean of the steps that have a value other than 0; NaN where none has. */
export function summaryOf(values: readonly (number | null)[]): CurveSummary {
  const some = values.filter((value): value is number => value !== null && value !== 0);
  if (some.length === 0) return { sum: 0, max: Number.NaN, min: Number.NaN, mean: Number.NaN, steps: 0 };
  const sum = some.reduce((total, value) => total + value, 0);
  const max = some.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const min = some.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  return { sum, max, min, mean: sum / some.length, steps: some.length };
}

/** One day of a curve. */
export interface DaySummary extends CurveSummary {
  /** Its first step, milliseconds since 1970 UTC. */
  readonly dayMs: number;
}

/** The same for each day of the browser's time zone. */
export function daySummaries(timesMs: readonly number[], values: readonly (number | null)[]): DaySummary[] {
  const byDay = new Map<string, { dayMs: number; values: (number | null)[] }>();
  timesMs.forEach((time, i) => {
    const key = new Date(time).toDateString();
    const day = byDay.get(key) ?? { dayMs: time, values: [] };
    day.values.push(values[i] ?? null);
    byDay.set(key, day);
  });
  return [...byDay.values()].map((day) => ({ dayMs: day.dayMs, ...summaryOf(day.values) }));
}

/**
 * By how much a value is more than another: `+2.0 ms (+15 %)`; the share only where the other is not 0.
 *
 * @param format  how values are written
 * @returns `–` where one of them is not there
 */
export function differenceText(
  format: (value: number) => string,
  value: number | null | undefined,
  before: number | null | undefined,
): string {
  const now = value ?? Number.NaN;
  const then = before ?? Number.NaN;
  if (!Number.isFinite(now) || !Number.isFinite(then)) return "–";
  if (now === then) return "0";
  const sign = now > then ? "+" : "−";
  const difference = Math.abs(now - then);
  const text = `${sign}${format(difference)}`;
  if (then === 0) return text;
  const percent = Math.round((100 * difference) / Math.abs(then));
  if (percent === 0) return `${text} (<1 %)`;
  return `${text} (${percent > 999 ? ">" : ""}${sign}${Math.min(percent, 999)} %)`;
}
