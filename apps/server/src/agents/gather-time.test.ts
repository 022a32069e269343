import assert from "node:assert/strict";
import { test } from "node:test";
import { gatherMs } from "./gather-time.ts";

test("the more hosts report, the longer each of them gathers: 20 requests a second in all", () => {
  assert.deepEqual([1, 10, 40, 200, 5_000].map(gatherMs), [500, 500, 2_000, 10_000, 10_000]);
});
