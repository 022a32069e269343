import { algorithms } from "./algorithms/all.ts";
import type { Result } from "./measurement.ts";
import type { Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";

/** One row of the table: a scenario and what each of `algorithms` made of it, in their order. */
export type Row = { readonly scenario: Scenario; readonly results: readonly Result[] };

/** Runs every algorithm through a scenario. */
export function compare(scenario: Scenario, seed: number): Row {
  return { scenario, results: algorithms.map((algorithm) => simulate(scenario, algorithm, seed)) };
}

/**
 * By which figures an algorithm is judged, and what is still as good as the best: 5 %, and for errors at least one call in
 * two thousand, below which the seed decides.
 */
export const criteria = [
  { name: "cost", of: (result: Result) => result.costMs, slack: 0 },
  { name: "errors", of: (result: Result) => result.errors, slack: 0.0005 },
  { name: "p99", of: (result: Result) => result.p99Ms, slack: 0 },
] as const;

/** In which of the `criteria` a result is neither the best of its row nor within 5 % of it: `[]` when it is in all. */
export function shortfalls({ results }: Row, result: Result): string[] {
  return criteria
    .filter(({ of, slack }) => of(result) > Math.min(...results.map(of)) * 1.05 + slack)
    .map(({ name, of }) => `${name} ${shown(of(result))} where the best has ${shown(Math.min(...results.map(of)))}`);
}

/** The mean of a row over several seeds (of the time to return the middle one): what the seed decides in one evens out. */
export function meanOf(rows: readonly Row[]): Row {
  const { scenario, results } = rows[0]!;
  return { scenario, results: results.map((_, position) => meanResult(rows.map((row) => row.results[position]!))) };
}

function meanResult(results: readonly Result[]): Result {
  const mean = (of: (result: Result) => number) =>
    results.reduce((total, result) => total + of(result), 0) / results.length;
  const { badShare, returnS } = results[0]!;
  const returns = results.map((result) => result.returnS!).sort((a, b) => a - b);
  return {
    calls: mean(({ calls }) => calls),
    errors: mean(({ errors }) => errors),
    costMs: mean(({ costMs }) => costMs),
    p50Ms: mean(({ p50Ms }) => p50Ms),
    p99Ms: mean(({ p99Ms }) => p99Ms),
    imbalance: mean(({ imbalance }) => imbalance),
    badShare: badShare === undefined ? undefined : mean((result) => result.badShare!),
    returnS: returnS === undefined ? undefined : returns[Math.floor(returns.length / 2)],
  };
}

function shown(figure: number): string {
  return String(Number(figure.toPrecision(4)));
}
