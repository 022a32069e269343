import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type CallsSeen, TestCluster, until } from "./cluster.ts";
import { whyNoNetwork } from "./network.ts";

const reason = whyNoNetwork();
const skip = reason === undefined ? false : `several hosts: ${reason}`;
// All of it, with ten hosts, by `npm run test:hosts`; npm test shares its machine with other suites: half of the hosts, as many calls for each as they are quick to be
// judged by.
const isWhole = process.env.MSEC_HOSTS === "whole";
const count = isWhole ? 10 : 5;
const callsPerSecond = isWhole ? 2_000 : 300;
/** The calls that have to have been answered for the load to count as offered: a machine that other suites hold up has fewer in a window. */
const offeredShare = isWhole ? 0.95 : 0.3;
const backS = isWhole ? 10 : 60;
const calmMs = isWhole ? 40_000 : 120_000;
/** How long each call waits: on a machine that other suites hold up for longer than a user would. */
const timeoutMs = isWhole ? 2_000 : 5_000;
/** Within which callers notice that an instance is gone; on a machine that other suites hold up they, and its end itself, wait for their turn. */
const noticedS = isWhole ? 1 : 4;
const [killed, lost, faulty] = [3, 5, count - 3];
const dead = Array.from({ length: count * 0.6 }, (_, index) => index + 1);
/** What each instance of as many that are alike gets. */
const even = 1 / count;

let cluster: TestCluster;
before(
  async () => {
    if (!skip) cluster = await TestCluster.start(count, { callsPerSecond, timeoutMs });
  },
  { timeout: 600_000 },
);
after(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

/** Wait until every instance gets calls again, as many as half of its part. */
async function recovered(withinMs: number): Promise<void> {
  const instances = Array.from({ length: count }, (_, index) => cluster.instance(index + 1));
  await until("every instance has its part of the calls again", withinMs, async () => {
    const seen = await cluster.observe(1_000);
    return instances.every((instance) => seen.shareOf(instance) > even / 2);
  });
}

function report(t: { diagnostic(text: string): void }, what: string, seen: CallsSeen): void {
  t.diagnostic(`${what}: ${seen}`);
}

test(`${count} instances share the calls evenly, none fails`, { skip }, async (t) => {
  await recovered(calmMs);
  const seen = await cluster.observe(3_000);
  report(t, "healthy", seen);
  assert.equal(seen.failed, 0, String(seen));
  assert.ok(seen.ok > callsPerSecond * 3 * offeredShare, `${seen}: the load was offered`);
});

test(`kill -9 of one: only the few calls fail that were under way to it, none that began ${noticedS} s later`, {
  skip,
}, async (t) => {
  const from = Date.now();
  cluster.killInstances(killed);
  const at = Date.now();
  const seen = await cluster.seenBetween(from - 1_000, await passed(at, 4_000 + noticedS * 1_000));
  const later = await cluster.seenBetween(at + noticedS * 1_000, at + 4_000 + noticedS * 1_000);
  report(t, "one killed", seen);
  // A thousandth; a machine that other suites hold up has more of them under way, a second of its part at most.
  assert.ok(isWhole ? seen.failedShare < 0.001 : seen.failed <= callsPerSecond * even, String(seen));
  assert.equal(later.failed, 0, String(later));
  await recovered(calmMs);
});

test("one whose packets are lost: under 1 % of the calls fail after three seconds", { skip }, async (t) => {
  const from = Date.now();
  cluster.network.loseAll(lost, true);
  const to = await passed(from, 8_000);
  report(t, "black hole, first three seconds", await cluster.seenBetween(from, from + 3_000));
  const later = await cluster.seenBetween(from + 3_000, to);
  report(t, "black hole, after that", later);
  cluster.network.loseAll(lost, false);
  assert.ok(later.failedShare < 0.01, String(later));
  await recovered(calmMs);
});

for (const [name, fault] of [
  ["that fails 30 % of its calls", { errors: 0.3 }],
  ["that takes 500 ms longer", { delayMs: 500 }],
] as const) {
  test(`one ${name} gets at most 3 % of the calls after ten seconds`, { skip }, async (t) => {
    await cluster.setFault(faulty, fault);
    await delay(10_000);
    let seen = await cluster.observe(4_000);
    let share = seen.shareOf(cluster.instance(faulty));
    // A machine that other suites hold up makes fewer calls to learn from in that time.
    for (let more = 0; !isWhole && share > 0.03 && more < 8; more++) {
      seen = await cluster.observe(4_000);
      share = seen.shareOf(cluster.instance(faulty));
    }
    t.diagnostic(`${name}: share ${(share * 100).toFixed(2)} %, ${seen}`);
    await cluster.setFault(faulty, {});
    assert.ok(share <= 0.03, `share ${share}`);
    await recovered(calmMs);
  });
}

test(`${dead.length} of ${count} dead: the rest serve without a failure, and all are back within ${backS} seconds of their return`, {
  skip,
}, async (t) => {
  for (const host of dead) cluster.network.loseAll(host, true);
  await delay(3_000);
  const seen = await cluster.observe(4_000);
  report(t, "the rest", seen);
  assert.ok(seen.failedShare < 0.01, String(seen));
  assert.ok(seen.ok > callsPerSecond * 4 * offeredShare, String(seen));
  for (const host of dead) cluster.network.loseAll(host, false);
  const back = performance.now();
  await recovered((backS + 1) * 1_000);
  t.diagnostic(`back after ${((performance.now() - back) / 1000).toFixed(1)} s`);
});

/** Wait until so many milliseconds after a moment. @returns that moment */
async function passed(from: number, ms: number): Promise<number> {
  await delay(from + ms - Date.now());
  return from + ms;
}
