import assert from "node:assert/strict";
import { test } from "node:test";
import { algorithms } from "./algorithms/all.ts";
import { compare, meanOf, type Row, shortfalls } from "./compare.ts";
import type { Result } from "./measurement.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { simulate } from "./simulate.ts";

// The large one at three tenths of its size, so that all fit into a few seconds. Its p99 is that of queues that no caller can see and
// differs by a tenth between seeds, so it is judged by the mean of six.
function rowOf(scenario: Scenario): Row {
  if (scenario.id !== "thousand") return compare(scenario, 1);
  const workers = scenario.workers.slice(0, 300);
  const faults = scenario.faults.map((period) => ({ ...period, instances: [0, 100, 200] }));
  const smaller = { ...scenario, workers, faults, callers: 150, callsPerSecond: 1_200 };
  return meanOf([1, 2, 3, 4, 5, 6].map((seed) => compare(smaller, seed)));
}

const limits: Readonly<Record<string, (ours: Result) => boolean>> = {
  dead: ({ errors, returnS }) => errors < 0.002 && returnS! <= 6,
  "black-hole": ({ errors, badShare }) => errors < 0.002 && badShare! < 0.003,
  slow: ({ badShare }) => badShare! < 0.005,
  errors: ({ badShare }) => badShare! < 0.03,
  "fast-fail": ({ badShare }) => badShare! < 0.005,
  "six-dead": ({ errors, returnS }) => errors < 0.01 && returnS! <= 10,
};

for (const scenario of scenarios) {
  test(`${scenario.title}: ours is best or within 5 % of the best in cost, errors and p99`, () => {
    const row = rowOf(scenario);
    const ours = row.results.at(-1)!;
    assert.deepEqual(shortfalls(row, ours), []);
    assert.ok(limits[scenario.id]?.(ours) ?? true, JSON.stringify(ours));
  });
}

test("the same seed gives the same figures, another seed others", () => {
  const scenario = { ...scenarios[0]!, seconds: 7 };
  for (const algorithm of algorithms) {
    assert.deepEqual(simulate(scenario, algorithm, 5), simulate(scenario, algorithm, 5));
    assert.notDeepEqual(simulate(scenario, algorithm, 5), simulate(scenario, algorithm, 6));
  }
});
