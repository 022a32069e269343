import assert from "node:assert/strict";
import { test } from "node:test";
import { BusyWait } from "./busy-wait.ts";

const turnMs = 0.002;

/** An event loop of its own time, in which a turn that finds nothing takes `turnMs`. */
function simulate(mostMs = 1) {
  let nowMs = 1;
  let step: (() => void) | undefined;
  const wait = new BusyWait(
    mostMs,
    (next) => (step = next),
    () => nowMs,
  );
  const turn = () => {
    const due = step;
    step = undefined;
    nowMs += turnMs;
    due?.();
  };
  return {
    wait,
    isWaiting: () => step !== undefined,
    /** A read comes after `gapMs`. @returns whether it still waited when it came */
    read(gapMs: number): boolean {
      const until = nowMs + gapMs;
      while (step !== undefined && nowMs < until) turn();
      const waited = step !== undefined;
      nowMs = Math.max(nowMs, until);
      wait.read();
      turn();
      return waited;
    },
  };
}

test("waits in a dialogue from its 64th read on, and counts for how long", () => {
  const loop = simulate();
  const waited = Array.from({ length: 200 }, () => loop.read(0.03));
  assert.deepEqual([waited.indexOf(true), waited.lastIndexOf(false)], [64, 63]);
  assert.ok(Math.abs(loop.wait.waitedMs - 136 * 0.03) < 0.6, `${loop.wait.waitedMs} ms`);
});

test("gives up when nothing comes for 0.1 ms, and tries hardly ever after that", () => {
  const loop = simulate();
  for (let i = 0; i < 64; i++) loop.read(0.03);
  assert.ok(loop.isWaiting());
  assert.equal(loop.read(1), false);
  let attempts = 0;
  for (let i = 0; i < 10_000; i++) {
    attempts += loop.isWaiting() ? 1 : 0;
    loop.read(0.5);
  }
  assert.ok(attempts > 5 && attempts < 16, `${attempts} attempts in 10,000 reads`);
  assert.ok(loop.wait.waitedMs < 18 * 0.22, `${loop.wait.waitedMs} ms`);
});

test("goes on through a single late read in a long dialogue", () => {
  const loop = simulate();
  for (let i = 0; i < 200; i++) loop.read(0.03);
  assert.equal(loop.read(5), false);
  assert.equal(loop.read(0.03), true);
});

test("reads that come at random at 10,000 a second are not waited for", () => {
  const loop = simulate();
  let seed = 7;
  let nowMs = 0;
  for (let i = 0; i < 20_000; i++) {
    seed = (seed * 48_271) % 0x7fff_ffff;
    const gapMs = -0.1 * Math.log(seed / 0x7fff_ffff);
    nowMs += gapMs;
    loop.read(gapMs);
  }
  assert.ok(loop.wait.waitedMs < nowMs / 20, `${loop.wait.waitedMs} of ${nowMs} ms`);
});

test("does not wait where many connections read", () => {
  const loop = simulate();
  for (let i = 0; i < 200; i++) loop.read(0.03);
  loop.wait.crowd();
  assert.equal(loop.read(0.03), false);
  assert.equal(loop.read(0.03), true, "but goes on when one is alone again");
});

test("never waits with a limit of 0, nor where it must not", () => {
  const limited = simulate();
  limited.wait.limit(0);
  const single = simulate(0);
  single.wait.limit(0.1);
  for (const loop of [limited, single]) {
    for (let i = 0; i < 500; i++) assert.equal(loop.read(0.01), false);
    assert.equal(loop.wait.waitedMs, 0);
  }
});
