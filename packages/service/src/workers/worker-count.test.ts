import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { UserError } from "@msec/process";
import { workerCount } from "./worker-count.ts";

test("so many worker processes as are asked for, one for each core, and no other words", () => {
  assert.equal(workerCount(1), 1);
  assert.equal(workerCount(1024), 1024);
  assert.equal(workerCount("auto"), availableParallelism());
  for (const bad of [0, 1025, 1.5, Number.NaN]) {
    assert.throws(() => workerCount(bad), UserError);
  }
});
