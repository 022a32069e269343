import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultMemoryMiB } from "./memory-limit.ts";

test("the engine takes 900 MiB, and half of what a container may use where that is less", () => {
  const gib = 1024 ** 3;
  assert.deepEqual(
    [0, 2 ** 64, Number.NaN, 8 * gib, gib, 0.9 * gib, gib / 4].map(defaultMemoryMiB),
    [900, 900, 900, 900, 512, 460, 300],
  );
});
