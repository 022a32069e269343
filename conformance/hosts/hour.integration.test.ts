import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { whyNoClock } from "./clock.ts";
import { TestCluster, until } from "./cluster.ts";
import { whyNoNetwork } from "./network.ts";

const reason = whyNoNetwork() ?? whyNoClock();
const skip = reason === undefined ? false : `hosts whose clocks run fast: ${reason}`;
// A whole hour in two minutes by `npm run test:hosts`; npm test takes two minutes of it in twelve seconds.
const isWhole = process.env.MSEC_HOSTS === "whole";
const pace = isWhole ? 30 : 10;
const minutes = isWhole ? 60 : 2;
const rounds = isWhole ? 6 : 1;
const count = 3;

let cluster: TestCluster;
before(
  async () => {
    if (!skip) cluster = await TestCluster.start(count, { callsPerSecond: 100 }, true);
  },
  { timeout: 600_000 },
);
after(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

test(`the server and its database gone for ${minutes} minutes, by all clocks of the hosts, every agent killed and started ${rounds} times: no call fails`, {
  skip,
}, async (t) => {
  await cluster.stopCaller();
  await cluster.killServer();
  cluster.loseServerState();
  cluster.clock?.setPace(pace);
  // Who runs already leaps ahead, with no call under way; the caller is a new one, which has its routes from its agent's disk.
  await delay(1_500);
  // A call may take as long as one may on a busy machine, ten seconds of it: everything else is as many times quicker as the clocks are.
  await cluster.startCaller({ callsPerSecond: 300 / pace, timeoutMs: 10_000 * pace, binMs: 1_000 });
  const from = cluster.seenUntil;
  const to = from + minutes * 60_000;
  const gone = performance.now();
  for (let round = 0; round < rounds; round++) {
    await until("the clocks run", 300_000, () => cluster.seenUntil >= from + ((to - from) * round) / rounds);
    for (let host = 1; host <= count + 1; host++) {
      await cluster.killAgent(host);
      cluster.startAgent(host);
    }
  }
  await until("the clocks run", 300_000, () => cluster.seenUntil >= to);
  const tookS = (performance.now() - gone) / 1_000;
  const seen = await cluster.seenBetween(from, to);
  t.diagnostic(`${minutes} minutes in ${tookS.toFixed(0)} s, ${rounds * (count + 1)} agents killed: ${seen}`);
  assert.equal(seen.failed, 0, String(seen));
  assert.ok(seen.ok > 0, String(seen));
  const last = await cluster.seenBetween(to - (to - from) / 4, to);
  for (let host = 1; host <= count; host++) {
    const share = last.shareOf(cluster.instance(host));
    assert.ok(share > 0.1, `host ${host} answered ${share} of the calls in the last quarter`);
  }
});
