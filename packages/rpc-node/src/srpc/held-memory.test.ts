import assert from "node:assert/strict";
import { test } from "node:test";
import { returnHeld, takeHeld } from "./held-memory.ts";

test("memory is as large as asked for, at most twice as large, and given to the next who needs as much", () => {
  for (const bytes of [1, 4_096, 4_097, 65_536, 65_537, 1_000_000, 8 * 1024 * 1024, 8 * 1024 * 1024 + 1]) {
    const memory = takeHeld(bytes);
    assert.ok(memory.length >= bytes && memory.length <= Math.max(4_096, bytes * 2), `${memory.length} for ${bytes}`);
  }
  const memory = takeHeld(100_000);
  returnHeld(memory);
  assert.equal(takeHeld(70_000), memory);
  assert.notEqual(takeHeld(70_000), memory);
});

test("no more than 8 MiB is kept for later", () => {
  const given = Array.from({ length: 12 }, () => takeHeld(1024 * 1024));
  for (const memory of given) returnHeld(memory);
  const again = Array.from({ length: 12 }, () => takeHeld(1024 * 1024));
  const kept = again.filter((memory) => given.includes(memory)).length;
  assert.ok(kept >= 1 && kept <= 8, `${kept} MiB`);
});
