import assert from "node:assert/strict";
import { test } from "node:test";
import { RepeatBudget } from "./repeat-budget.ts";

function taken(budget: RepeatBudget, nowMs: number, tries = 10_000): number {
  let count = 0;
  for (let i = 0; i < tries; i++) if (budget.take(nowMs)) count++;
  return count;
}

test("a share of the calls of the last ten seconds may be repeated, and no more", () => {
  const budget = new RepeatBudget({ share: 0.1, perSecond: 0 });
  assert.equal(taken(budget, 5), 0);
  for (let i = 0; i < 1_000; i++) budget.called(10);
  assert.equal(taken(budget, 10), 100);
  assert.equal(taken(budget, 9_999), 0);
  for (let i = 0; i < 50; i++) budget.called(10_000);
  // The first thousand and what was repeated of them have gone out of sight together.
  assert.equal(taken(budget, 10_500), 5);
  assert.equal(taken(budget, 60_000), 0);
});

test("the floor gives so many a second, at most one second's at once", () => {
  const budget = new RepeatBudget({ share: 0.2, perSecond: 10 });
  assert.equal(taken(budget, 1_000_000), 10);
  assert.equal(taken(budget, 1_000_500), 5);
  assert.equal(taken(budget, 2_000_000), 10);
});

test("share and floor add up", () => {
  const budget = new RepeatBudget({ share: 0.2, perSecond: 10 });
  for (let i = 0; i < 100; i++) budget.called(0);
  assert.equal(taken(budget, 0), 30);
});
