import assert from "node:assert/strict";
import { test } from "node:test";
import { Allowance } from "./allowance.ts";

test("an allowance gives so much a second, and what was saved up at once", () => {
  const allowance = new Allowance(10, 20, 0);
  const taken = (nowMs: number) => Array.from({ length: 100 }, () => allowance.take(nowMs)).filter(Boolean).length;
  assert.deepEqual([taken(0), taken(100), taken(100), taken(1_100), taken(60_000)], [20, 1, 0, 10, 20]);
});

test("an amount that is larger than all of an allowance passes while anything is left, and is paid off before the next", () => {
  const allowance = new Allowance(10, 20, 0);
  assert.ok(allowance.take(0, 50));
  assert.equal(allowance.take(2_000), false);
  assert.equal(allowance.take(3_000), false);
  assert.ok(allowance.take(4_000));
});
