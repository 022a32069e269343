/** The largest value of a metric, either way: sums of as many of them as will ever come are still numbers. */
export const METRIC_VALUE_MAX = 1e100;

/** What is wrong with the value that was given to a metric, as the end of a sentence, or `undefined` when it may be used. */
export function metricValueProblem(value: number): string | undefined {
  if (typeof value !== "number" || !Number.isFinite(value))
    return `its value is ${value}, a finite number was expected`;
  if (Math.abs(value) > METRIC_VALUE_MAX) return `its value is ${value}, at most ${METRIC_VALUE_MAX} was expected`;
  return undefined;
}
