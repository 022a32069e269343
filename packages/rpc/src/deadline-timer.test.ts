import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { DeadlineTimer } from "./deadline-timer.ts";

test("many deadlines with one timer: each is expired after its time and never before", async () => {
  const start = performance.now();
  const waiting = new Set([start + 30, start + 5, start + 60]);
  const expired: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = new DeadlineTimer((nowMs) => {
    for (const deadline of waiting) {
      if (deadline <= nowMs) {
        waiting.delete(deadline);
        expired.push(deadline - start);
        assert.ok(performance.now() >= deadline);
      }
    }
    if (waiting.size === 0) {
      resolve();
    }
    return Math.min(Number.POSITIVE_INFINITY, ...waiting);
  });
  for (const deadline of waiting) {
    timer.add(deadline);
  }
  const alive = setTimeout(() => {}, 5_000);
  await promise;
  clearTimeout(alive);
  // A busy machine may fire once for several that are due; their order is then the owner's.
  assert.deepEqual(
    expired.map(Math.round).sort((a, b) => a - b),
    [5, 30, 60],
  );
});

test("a stopped timer expires nothing, and can be used again", async () => {
  let fired = 0;
  const firedAgain = Promise.withResolvers<void>();
  const timer = new DeadlineTimer(() => {
    fired++;
    firedAgain.resolve();
    return Number.POSITIVE_INFINITY;
  });
  timer.add(performance.now() + 5);
  timer.stop();
  await delay(20);
  assert.equal(fired, 0);
  timer.add(performance.now() + 5);
  const alive = setTimeout(() => {}, 20_000);
  await firedAgain.promise;
  clearTimeout(alive);
  assert.equal(fired, 1);
});
