import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import { socketPath, writeRunRecord } from "@msec/process";
import { freePort } from "@msec/process/testing";
import { connect } from "@msec/service";
import { eventually, TestingAgent, temporaryDirectory } from "@msec/service/testing";
import { checkout } from "../checkout.ts";

const service = "Test.callee";
const instanceId = "fedcba9876543210";

/** A service with worker processes, started and recorded as an agent does. */
async function setUp(procnum: number) {
  await using stack = new AsyncDisposableStack();
  const { path: state } = stack.use(await temporaryDirectory());
  await mkdir(join(state, "run"));
  const config = join(state, "config.ini");
  const fault = join(state, "fault");
  await writeFile(config, `[SRPC]\nprocnum = ${procnum}\nmsg_timeout = 0\n`);
  const agent = stack.use(await new TestingAgent(socketPath(state, "agent")).start());
  const port = await freePort();
  const child = spawn(process.execPath, [join(checkout, "packages/service/src/workers/testing-service.ts")], {
    env: {
      ...process.env,
      MSEC_SERVICE: service,
      MSEC_INSTANCE_ID: instanceId,
      MSEC_AGENT: agent.path,
      MSEC_PORT: String(port),
      MSEC_CONFIG: config,
      TEST_FAULT: fault,
    },
    stdio: "ignore",
    detached: true,
  });
  const exited = once(child, "exit");
  stack.defer(async () => {
    process.kill(-child.pid!, "SIGKILL");
    await exited;
  });
  await eventually(() => agent.registrations.length >= procnum, "the workers register");
  const listen = `127.0.0.1:${port}`;
  writeRunRecord(state, {
    name: `${service}-127.0.0.1_${port}`,
    role: "instance",
    pid: child.pid!,
    listen,
    instanceId,
  });
  agent.setRoutes(service, [port]);
  const caller = stack.use(connect({ name: "Test.caller", agent: agent.path, onNotice: () => {} }));
  // Longer than users should wait: how long a busy machine takes is no part of it.
  const client = caller.call(LocalService, service, { timeoutMs: 20_000 });
  const owned = stack.move();
  return { state, agent, fault, listen, pid: child.pid!, client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const child = spawn(process.execPath, [join(checkout, "apps/cli/src/main.ts"), ...args], {
    env: { ...process.env, NO_COLOR: "1", LANG: "C" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => (out += String(chunk)));
  child.stderr.on("data", (chunk) => (err += String(chunk)));
  const [status] = (await once(child, "close")) as [number];
  return { status, out, err };
}

test("msec reload replaces the workers of an instance under load without a failed call, and says how it goes", async () => {
  await using world = await setUp(2);
  const { state, listen, pid, client } = world;
  let goesOn = true;
  let calls = 0;
  const load = (async () => {
    while (goesOn) {
      await Promise.all([client.register({}), client.register({ pid: 3 })]);
      calls += 2;
    }
  })();
  await eventually(() => calls > 10, "calls go on");
  const told = await run("reload", service, "--state", state);
  assert.equal(told.status, 0, told.err);
  assert.match(told.out, new RegExp(`^reloading ${service} ${listen} \\(pid ${pid}\\)\\n`));
  assert.match(told.out, /worker \d of 2 serves, pid \d+\n[\s\S]*worker \d of 2 serves, pid \d+\n/);
  assert.match(told.out, /reloaded: 2 new workers after [\d.]+ s\n$/);
  const json = await run("reload", `${service}@${listen}`, "--state", state, "--json");
  const [row] = JSON.parse(json.out) as {
    ok: boolean;
    instanceId: string;
    workers: { pid: number; before: number }[];
  }[];
  assert.deepEqual([row?.ok, row?.instanceId, row?.workers.length], [true, instanceId, 2]);
  goesOn = false;
  await load;
});

test("msec reload says why it failed, where nobody is, and what a service in one process needs", async () => {
  await using world = await setUp(2);
  const { state, fault } = world;
  await writeFile(fault, "");
  const failed = await run("reload", service, "--state", state);
  assert.equal(failed.status, 1);
  assert.match(failed.out, /a new worker did not start; the old ones go on/);
  assert.match(failed.err, /was not reloaded; its old workers go on/);
  await rm(fault);
  const elsewhere = await run("reload", `${service}@10.9.9.9:1`, "--state", state);
  assert.deepEqual([elsewhere.status, /no instance of .* runs on this host/.test(elsewhere.err)], [1, true]);
  assert.equal((await run("reload", "nonsense", "--state", state)).status, 2);
  assert.match((await run("reload", service, "--state", state, "--lang", "zh")).out, /已重新加载：2 个新工作进程/);

  await using single = await setUp(1);
  const refused = await run("reload", service, "--state", single.state);
  assert.equal(refused.status, 1);
  assert.match(refused.err, /it is one process, without a controller; set \[SRPC\] procnum to 2 or more/);
});
