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
    .map(({ name, of }) => `${name} ${of(result)} where the best has ${Math.min(...results.map(of))}`);
}
