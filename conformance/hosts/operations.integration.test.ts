import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { OperationKind } from "@msec/api/console/v1/capacity_pb.js";
import { TestCluster } from "./cluster.ts";
import { whyNoNetwork } from "./network.ts";

const reason = whyNoNetwork();
const skip = reason === undefined ? false : `several hosts: ${reason}`;
// All of it, with ten hosts and twenty rounds, by `npm run test:hosts`; npm test takes fewer.
const isWhole = process.env.MSEC_HOSTS === "whole";
const count = isWhole ? 10 : 3;
const rounds = isWhole ? 20 : 2;

// No call may fail for what an operation does; how long a busy machine makes one wait is no part of that.
const load = { callsPerSecond: isWhole ? 2_000 : 300, timeoutMs: 20_000 };

let cluster: TestCluster;
before(
  async () => {
    if (!skip) cluster = await TestCluster.start(count, load);
  },
  { timeout: 600_000 },
);
after(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

test(`out of routing, stopped, started, in again, ${rounds} times: no call fails`, { skip }, async (t) => {
  const from = Date.now();
  for (let round = 0; round < rounds; round++) {
    const hosts = [(round % count) + 1];
    await cluster.operate(OperationKind.STOP, hosts);
    await cluster.operate(OperationKind.START, hosts);
    await cluster.operate(OperationKind.IN, hosts);
  }
  const seen = await cluster.seenBetween(from, Date.now());
  t.diagnostic(`${rounds} rounds in ${Math.round((Date.now() - from) / 1000)} s: ${seen}`);
  assert.equal(seen.failed, 0, String(seen));
  assert.ok(seen.ok > 0, String(seen));
});

test("a rolling restart of all: no call fails", { skip }, async (t) => {
  const from = Date.now();
  const hosts = Array.from({ length: count }, (_, index) => index + 1);
  await cluster.operate(OperationKind.RESTART, hosts);
  const seen = await cluster.seenBetween(from, Date.now());
  t.diagnostic(`${count} instances in ${Math.round((Date.now() - from) / 1000)} s: ${seen}`);
  assert.equal(seen.failed, 0, String(seen));
});

test("a reload of the workers on two hosts: no call fails; code that does not start is told with its last words, and the old goes on", {
  skip,
}, async (t) => {
  const hosts = [1, 2];
  for (const host of hosts) {
    const instance = (await cluster.instances())[host - 1]!;
    await cluster.registry.setInstance({ instanceId: instance.id, settings: { procnum: 2 } });
  }
  await cluster.operate(OperationKind.RESTART, hosts);
  const from = Date.now();
  await cluster.operate(OperationKind.RELOAD, hosts);
  cluster.replaceProgram(2, 'throw new Error("no seats in this release");\n');
  await assert.rejects(
    cluster.operate(OperationKind.RELOAD, hosts),
    /1 of 2 done; .*a new worker did not start; the old ones go on; its last output: .*no seats in this release/,
  );
  const seen = await cluster.seenBetween(from, Date.now());
  t.diagnostic(`two reloads in ${Math.round((Date.now() - from) / 1000)} s: ${seen}`);
  assert.equal(seen.failed, 0, String(seen));
  assert.ok(seen.ok > 0, String(seen));
  cluster.replaceProgram(2);
});

const clockReason = spawnSync("faketime", ["-f", "+1h", "true"]).error ? "needs Debian's faketime" : undefined;

test("every agent restarted without a server, its clock an hour ahead: no call fails, and all is as before when the server is back", {
  skip: skip || (clockReason ?? false),
}, async (t) => {
  const from = Date.now();
  await cluster.killServer();
  for (let host = 1; host <= count + 1; host++) {
    await cluster.killAgent(host);
    cluster.startAgent(host, "+1h");
  }
  await delay(5_000);
  const seen = await cluster.seenBetween(from, Date.now());
  t.diagnostic(String(seen));
  assert.equal(seen.failed, 0, String(seen));
  await cluster.startServer();
  await cluster.operate(OperationKind.OUT, [1]);
  await cluster.operate(OperationKind.IN, [1]);
});
