import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import { freePort } from "@msec/process/testing";
import { RpcError } from "@msec/rpc";
import { connect } from "./connect.ts";
import { eventually, patiently, TestingAgent, temporaryDirectory } from "./testing-agent.ts";

type Instance = AsyncDisposable & { child: ChildProcess; port: number; output: Promise<string> };

function startInstance(agent: string, port: number): Instance {
  const environment = { ...process.env, MSEC_SERVICE: "Test.callee", MSEC_AGENT: agent, MSEC_PORT: String(port) };
  const child = spawn(process.execPath, [join(import.meta.dirname, "testing-instance.ts")], {
    env: environment,
    stdio: ["ignore", "inherit", "pipe"],
  });
  return {
    child,
    port,
    output: text(child.stderr!),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

async function setUp() {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const agent = stack.use(await new TestingAgent(join(directory.path, "agent.sock")).start());
  const one = stack.use(startInstance(agent.path, await freePort()));
  const two = stack.use(startInstance(agent.path, await freePort()));
  await eventually(() => agent.registrations.length >= 2, "both instances register");
  agent.setRoutes("Test.callee", [one.port, two.port]);
  const caller = stack.use(patiently(connect({ name: "Test.caller", agent: agent.path, onNotice: () => {} })));
  const owned = stack.move();
  return { agent, one, two, caller, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("kill -9 of one of two instances under 200 calls a second: no call fails that was begun after its death", async () => {
  await using world = await setUp();
  const { one, two, agent } = world;
  const client = world.caller.call(LocalService, "Test.callee");
  const answeredBy = new Map<string, number>();
  const failedBegunMs: number[] = [];
  const call = async () => {
    const begunMs = performance.now();
    try {
      const { hostId } = await client.register({});
      answeredBy.set(hostId, (answeredBy.get(hostId) ?? 0) + 1);
    } catch (error) {
      assert.ok(error instanceof RpcError);
      failedBegunMs.push(begunMs);
    }
  };
  let deadMs = Number.POSITIVE_INFINITY;
  one.child.once("exit", () => {
    deadMs = performance.now();
  });
  const running: Promise<void>[] = [];
  for (let turn = 0; turn < 400; turn++) {
    running.push(call());
    if (turn === 200) one.child.kill("SIGKILL");
    await pause(5);
  }
  await Promise.all(running);
  assert.ok(deadMs < performance.now());
  for (const begunMs of failedBegunMs) assert.ok(begunMs < deadMs, `${begunMs - deadMs} ms after its death`);
  // How many each of them took is the balancer's affair, and that of a busy machine.
  assert.ok(answeredBy.has(String(one.child.pid)), "the first took calls before");
  assert.ok((answeredBy.get(String(two.child.pid)) ?? 0) > 190, "the second took all of them after");
  const explained = world.caller.explain("Test.callee").find(({ port }) => port === one.port)!;
  assert.ok(explained.state !== "serving" || explained.failuresInRow > 0, explained.reason);
  // And back again, on the same port: it gets calls without anybody telling the caller.
  await using again = startInstance(agent.path, one.port);
  await eventually(() => agent.registrations.length >= 4, "the new process registers (with the caller: four in all)");
  const deadline = performance.now() + 30_000;
  while (!answeredBy.has(String(again.child.pid))) {
    assert.ok(performance.now() < deadline, "the instance that is back gets calls");
    await call();
    await pause(5);
  }
});

test("SIGTERM: the running call is answered, the last telemetry handed over, the exit status is 0", async () => {
  await using world = await setUp();
  const { one, two, agent } = world;
  agent.setRoutes("Test.callee", [one.port]);
  const running = world.caller.call(LocalService, `127.0.0.1:${one.port}`).register({ pid: 400 });
  // It has been begun when a later one on the same connection is answered.
  await world.caller.call(LocalService, `127.0.0.1:${one.port}`).getStatus({});
  one.child.kill("SIGTERM");
  const [exit] = await Promise.all([once(one.child, "exit"), running]);
  assert.deepEqual(exit, [0, null]);
  assert.equal((await running).hostId, String(one.child.pid));
  assert.ok(agent.spans().some(({ side, peerService }) => side === 1 && peerService === "Test.caller"));
  assert.match(await one.output, new RegExp(`^Test\\.callee: serving .* on 127\\.0\\.0\\.1:${one.port}\\n`));
  two.child.kill("SIGTERM");
  await once(two.child, "exit");
});

test("a program whose port is taken says so in one line and ends with status 1", async () => {
  await using world = await setUp();
  await using second = startInstance(world.agent.path, world.one.port);
  const [status] = await once(second.child, "exit");
  assert.equal(status, 1);
  const lines = (await second.output).trimEnd().split("\n");
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, new RegExp(`^Test\\.callee: port ${world.one.port} of 127\\.0\\.0\\.1 is taken`));
});
