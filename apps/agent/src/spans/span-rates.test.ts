import assert from "node:assert/strict";
import { test } from "node:test";
import { SpanRates } from "./span-rates.ts";

function ratesOf(perSecond: number) {
  const clock = { nowMs: 0 };
  const rates = new SpanRates(perSecond, () => clock.nowMs);
  const [one, two, three] = [{}, {}, {}];
  return { clock, rates, one, two, three };
}

test("below the host's rate everything is kept, and what the others leave is there for a rise", () => {
  const { rates, one, two } = ratesOf(1_000);
  assert.deepEqual(rates.reported(one, 300), { keptShare: 1, spansPerSecond: 1_000 });
  assert.deepEqual(rates.reported(two, 100), { keptShare: 1, spansPerSecond: 700 });
  assert.deepEqual(rates.reported(one, 900), { keptShare: 1, spansPerSecond: 900 });
});

test("above it every process keeps the same share of requests, and all together the host's rate", () => {
  const { rates, one, two, three } = ratesOf(1_000);
  const calls = [8_000, 1_500, 500];
  const processes = [one, two, three];
  const round = () => processes.map((process, index) => rates.reported(process, calls[index]!));
  round();
  assert.deepEqual(round(), [
    { keptShare: 0.1, spansPerSecond: 800 },
    { keptShare: 0.1, spansPerSecond: 150 },
    { keptShare: 0.1, spansPerSecond: 50 },
  ]);
});

test("the share falls at once, stays while rates move a little, and rises when they have fallen", () => {
  const { rates, one, two } = ratesOf(1_000);
  rates.reported(one, 5_000);
  rates.reported(two, 5_000);
  const { keptShare } = rates.reported(one, 5_400);
  assert.equal(keptShare, 1_000 / 10_400);
  for (const calls of [4_700, 5_200, 4_600]) assert.equal(rates.reported(one, calls).keptShare, keptShare);
  assert.equal(rates.reported(one, 15_000).keptShare, 0.05);
  assert.equal(rates.reported(one, 400).keptShare, 1_000 / 5_400);
  assert.equal(rates.reported(two, 500).keptShare, 1);
});

test("a process that says nothing any more takes no part; one that claims everything does not get it", () => {
  const { clock, rates, one, two } = ratesOf(1_000);
  rates.reported(one, 1e9);
  assert.equal(rates.reported(two, 2_000).spansPerSecond, 2);
  clock.nowMs = 2_999;
  assert.ok(rates.reported(two, 2_000).keptShare < 0.001);
  clock.nowMs = 4_000;
  assert.deepEqual(rates.reported(two, 2_000), { keptShare: 0.5, spansPerSecond: 1_000 });
});
