import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { waitUntil } from "@msec/process/testing";
import { checkout } from "./command.ts";
import { assertUnnoticed } from "./failed-queries.ts";
import type { ServicesJson } from "./flight.ts";
import { startSystem, type TestSystem } from "./system.ts";

let system: TestSystem;
let victim: string;
let other: string;
before(async () => {
  system = await startSystem({ trafficPerSecond: 100 });
  [victim, other] = system.ports.flight.map((port) => `127.0.0.1:${port}`) as [string, string];
});
after(async () => {
  await system?.[Symbol.asyncDispose]();
});

interface OperationJson {
  readonly id: string;
  readonly state: string;
  readonly instances: readonly { readonly step: string; readonly hosts: number; readonly hostsAcknowledged: number }[];
}

async function instanceAt(address: string) {
  const { services } = await system.msecJson<ServicesJson>("services", "--json");
  return services
    .flatMap(({ instances }) => instances)
    .find((instance) => `${instance.address}:${instance.port}` === address);
}

test("out waits until nobody calls the instance any more; stop and start show every step; no call fails in three rounds", async () => {
  await assertUnnoticed(system, async () => {
    const fromMs = Date.now();
    for (let round = 0; round < 3; round++) {
      const out = await system.msec("capacity", "out", victim, "--wait");
      assert.equal(out.status, 0, out.stderr);
      assert.match(out.stdout, /\d+ calls in flight|done/);
      const stopped = await system.msecJson<OperationJson>("capacity", "stop", victim, "--wait", "--json");
      assert.deepEqual([stopped.state, stopped.instances[0]?.step], ["OPERATION_STATE_DONE", "OPERATION_STEP_DONE"]);
      assert.equal((await instanceAt(victim))?.process.pid, 0);
      const started = await system.msec("--lang", "zh", "capacity", "start", victim, "--wait");
      assert.equal(started.status, 0, started.stderr);
      assert.match(started.stdout, /启动中[\s\S]*完成/);
      const back = await system.msec("capacity", "in", victim, "--wait");
      assert.equal(back.status, 0, back.stderr);
      assert.match(back.stdout, /1 of 1 hosts use route version \d+|done/);
    }
    return fromMs;
  });
});

test("a rolling restart of all instances costs no call", async () => {
  await assertUnnoticed(system, async () => {
    const fromMs = Date.now();
    const before = [await instanceAt(victim), await instanceAt(other)].map((instance) => instance?.process.pid);
    const { status, stdout, stderr } = await system.msec("capacity", "restart", victim, other, "--wait");
    assert.equal(status, 0, `${stdout}${stderr}`);
    const now = [await instanceAt(victim), await instanceAt(other)].map((instance) => instance?.process.pid);
    assert.ok(
      now.every((pid, index) => pid !== undefined && pid > 0 && pid !== before[index]),
      `${before} ${now}`,
    );
    return fromMs;
  });
});

test("a reload through the server replaces every worker and costs no call; one process says what it lacks", async () => {
  for (const address of [victim, other]) {
    const set = await system.msec("capacity", "set", address, "--procnum", "2");
    assert.equal(set.status, 0, set.stderr);
  }
  const restarted = await system.msec("capacity", "restart", victim, other, "--wait");
  assert.equal(restarted.status, 0, restarted.stderr);
  const workersAt = async (address: string) =>
    (await instanceAt(address))?.process.workers.map(({ pid }) => pid).sort() ?? [];
  const allWorkers = async () => [...(await workersAt(victim)), ...(await workersAt(other))];
  await assertUnnoticed(system, async () => {
    const before = await waitUntil("the agent reports all workers", async () => {
      const pids = await allWorkers();
      return pids.length === 4 && pids;
    });
    const fromMs = Date.now();
    const { status, stdout, stderr } = await system.msec("reload", "Flight.mod_flight");
    assert.equal(status, 0, `${stdout}${stderr}`);
    assert.match(stdout, new RegExp(`${victim} +Flight\\.mod_flight +\\d of 2 new workers serve\\n`));
    assert.match(stdout, /2 of 2/);
    await waitUntil("the agent reports new workers only", async () => {
      const now = [...(await workersAt(victim)), ...(await workersAt(other))];
      return now.length === 4 && now.every((pid) => !before.includes(pid));
    });
    return fromMs;
  });
  const { operations } = await system.msecJson<{ operations: { kind: string; startedBy: string }[] }>(
    ...["capacity", "operations", "--service", "Flight.mod_flight", "--json"],
  );
  assert.equal(operations[0]?.kind, "OPERATION_KIND_RELOAD");

  const single = await system.msec("reload", "Login.mod_user");
  assert.deepEqual([single.status, /it is one process, without workers to replace/.test(single.stderr)], [1, true]);
  assert.match((await system.msec("reload", "Flight.mod_flight", "127.0.0.1:1")).stderr, /127\.0\.0\.1:1/);
});

test("what would leave nobody is refused, a start that fails says its last words, and who is in routing cannot be removed", async () => {
  const last = await system.msec("capacity", "out", victim, other, "--wait");
  assert.equal(last.status, 1);
  assert.match(last.stderr, /would have no instance in routing/);
  const routed = await system.msec("capacity", "remove", victim);
  assert.match(routed.stderr, /is in routing; take it out first/);
  assert.equal((await system.msec("capacity", "out", "nonsense")).status, 2);

  await system.msec("services", "add", "Broken.program", "--port", "1");
  const added = await system.msec("capacity", "add", "Broken.program", "--stopped");
  assert.equal(added.status, 0, added.stderr);
  const failed = await system.msec("capacity", "start", "127.0.0.1:1", "--wait");
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /could not be started: .*config\.ini/);
  assert.equal((await system.msec("services", "remove", "Broken.program")).status, 1);
  assert.equal((await system.msec("capacity", "remove", "127.0.0.1:1")).status, 0);
  assert.equal((await system.msec("services", "remove", "Broken.program")).status, 0);
});

test("hosts say who has which routes, and get them again when told", async () => {
  assert.match((await system.msec("hosts")).stdout, /1 of 1 hosts have applied route version \d+/);
  assert.match((await system.msec("capacity", "push")).stdout, /sent to 1 host\n/);
  await waitUntil("the routes are the server's", async () =>
    /1 of 1 hosts have applied/.test((await system.msec("hosts")).stdout),
  );
  const loads = (await system.msec("capacity")).stdout;
  assert.match(loads, /Flight\.mod_flight +\d+ %/);
  assert.match((await system.msec("capacity", "list", "--hosts")).stdout, /127\.0\.0\.1 +\d+ %/);
});

test("the agent of a new host enrols with what msec token --host prints", async () => {
  const { status, stdout, stderr } = await system.msec("token", "--host", "second");
  assert.equal(status, 0, stderr);
  assert.match(stderr, /second.*--enroll-token-file/);
  const directory = join(system.directory, "second");
  mkdirSync(directory);
  writeFileSync(join(directory, "enroll.json"), stdout, { mode: 0o600 });
  writeFileSync(join(directory, "msec.ini"), "[agent]\nhost_name = second\n");
  const agent = spawn(
    process.execPath,
    [
      join(checkout, "apps/agent/src/main.ts"),
      ...["--state", join(directory, ".msec"), "--config", join(directory, "msec.ini")],
      ...["--enroll-token-file", join(directory, "enroll.json")],
    ],
    { stdio: "ignore" },
  );
  try {
    await waitUntil("the second host is connected", async () => {
      const { hosts } = await system.msecJson<{ hosts: { name: string; connected: boolean }[] }>("hosts", "--json");
      return hosts.some(({ name, connected }) => name === "second" && connected);
    });
  } finally {
    agent.kill("SIGTERM");
    await once(agent, "exit");
  }
  const removed = await system.msec("hosts", "remove", "second");
  assert.equal(removed.status, 0, removed.stderr);
});
