import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connection } from "./closed-loop.ts";
import { openLoop } from "./open-loop.ts";

const answering: Connection<void> = { call: () => Promise.resolve(), close() {} };

test("every call that is due is made and counted, by turns on each connection", async () => {
  const made = [0, 0];
  const counting = made.map((_, index) => ({ ...answering, call: async () => void made[index]!++ }));
  const { calls, errors, samplesUs } = await openLoop(counting, 10_000, 4);
  assert.deepEqual([calls, errors, samplesUs.length, made], [40, 0, 40, [20, 20]]);
  assert.deepEqual(
    samplesUs,
    samplesUs.toSorted((a, b) => a - b),
  );
});

test("a standstill shows in the latency of all calls that were due meanwhile", async () => {
  let first = true;
  const standing: Connection<void> = {
    ...answering,
    async call() {
      const until = performance.now() + (first ? 8 : 0);
      first = false;
      while (performance.now() < until);
    },
  };
  const { samplesUs } = await openLoop([standing], 1000, 8);
  // Due each millisecond while nothing was done for eight: the first five waited at least four.
  assert.equal(samplesUs.length, 8);
  assert.ok(samplesUs.filter((us) => us >= 3900).length >= 5, String(samplesUs));
});

test("a call that fails, or whose answer is wrong, is an error and has its latency", async () => {
  let turn = 0;
  const failing: Connection<number> = {
    call: () => (turn++ % 2 === 0 ? Promise.reject(new Error("no")) : Promise.resolve(turn)),
    check(answer) {
      if (answer === 2) throw new Error("wrong");
    },
    close() {},
  };
  const { calls, errors, samplesUs } = await openLoop([failing], 1000, 4);
  assert.deepEqual([calls, errors, samplesUs.length], [4, 3, 4]);
});
