import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import { reloadSocketPath, requestReload, startTicksOf } from "@msec/process";
import { freePort } from "@msec/process/testing";
import { Code, RpcError } from "@msec/rpc";
import { type Connection, connect } from "../connect.ts";
import { eventually, patiently, TestingAgent, temporaryDirectory } from "../testing-agent.ts";

const SERVICE = "Test.callee";
const INSTANCE_ID = "0123456789abcdef";
const CALLERS = 6;

type Started = AsyncDisposable & { child: ChildProcess; words: () => string };

function start(directory: string, agent: string, port: number): Started {
  const child = spawn(process.execPath, [join(import.meta.dirname, "testing-service.ts")], {
    env: {
      ...process.env,
      MSEC_SERVICE: SERVICE,
      MSEC_INSTANCE_ID: INSTANCE_ID,
      MSEC_AGENT: agent,
      MSEC_PORT: String(port),
      MSEC_CONFIG: join(directory, "config.ini"),
      TEST_FAULT: join(directory, "fault"),
    },
    stdio: ["ignore", "inherit", "pipe"],
    // As the agent does: a process group of its own.
    detached: true,
  });
  let words = "";
  child.stderr!.on("data", (chunk) => {
    words += String(chunk);
  });
  return {
    child,
    words: () => words,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      process.kill(-child.pid!, "SIGKILL");
      await once(child, "exit");
    },
  };
}

/**
 * A service with two workers under an agent, and callers enough that both workers have some. A busy machine may keep a worker that is well from
 * answering for a second or two.
 */
async function setUp(heartbeat = "60s") {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  await writeFile(
    join(directory.path, "config.ini"),
    `[SRPC]\nprocnum = 2\nheartbeat = ${heartbeat}\nmsg_timeout = 0\n`,
  );
  const agent = stack.use(await new TestingAgent(join(directory.path, "agent.sock")).start());
  const port = await freePort();
  const begunMs = performance.now();
  const service = stack.use(start(directory.path, agent.path, port));
  await eventually(() => agent.registrations.length >= 1, "the first worker registers");
  const startMs = performance.now() - begunMs;
  await eventually(() => agent.registrations.length >= 2, "the second worker registers");
  const pids = () => agent.registrations.filter(({ service }) => service === SERVICE).map(({ pid }) => pid);
  agent.setRoutes(SERVICE, [port]);
  const callers = Array.from({ length: CALLERS }, () =>
    stack.use(patiently(connect({ name: "Test.caller", agent: agent.path, onNotice: () => {} }))),
  );
  const owned = stack.move();
  return {
    agent,
    service,
    port,
    pids,
    callers,
    startMs,
    fault: join(directory.path, "fault"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Failure = { caller: number; begunMs: number; endedMs: number; error: RpcError };

/** Calls from all callers without a pause until told to stop. */
function load(callers: readonly Connection[]) {
  const failures: Failure[] = [];
  const servedBy = callers.map(() => "");
  const answers = new Map<string, number>();
  let goesOn = true;
  const loops = callers.map(async (connection, caller) => {
    const client = connection.call(LocalService, SERVICE);
    while (goesOn) {
      const begunMs = performance.now();
      try {
        // Three at once: some wait for a timer while others are answered at once.
        const [one] = await Promise.all([client.register({}), client.register({ pid: 3 }), client.register({})]);
        servedBy[caller] = one.hostId;
        answers.set(one.hostId, (answers.get(one.hostId) ?? 0) + 3);
      } catch (error) {
        assert.ok(error instanceof RpcError);
        failures.push({ caller, begunMs, endedMs: performance.now(), error });
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  });
  return {
    failures,
    servedBy,
    answers,
    async end() {
      goesOn = false;
      await Promise.all(loops);
    },
  };
}

/** The spare worker of a service: the child that is none of its workers. */
async function spareOf(controller: number, workers: readonly number[]): Promise<number> {
  let spare: number | undefined;
  await eventually(() => {
    const children = readFileSync(`/proc/${controller}/task/${controller}/children`, "latin1").trim().split(" ");
    spare = children.map(Number).find((pid) => pid !== 0 && !workers.includes(pid));
    return spare !== undefined;
  }, "a spare worker waits");
  return spare!;
}

const alive = (pid: number) => startTicksOf(pid) !== undefined;

test("kill -9 of a worker under load fails only the calls in flight to it, and it is there again at once", async (t) => {
  await using world = await setUp();
  const { agent, pids, service } = world;
  assert.ok(!pids().includes(service.child.pid!), "the controller serves nothing itself");
  const calls = load(world.callers);
  await eventually(() => calls.servedBy.every((pid) => pid !== ""), "every caller has an answer");
  const victim = Number(calls.servedBy[0]);
  const servedBy = [...calls.servedBy];
  process.kill(victim, "SIGKILL");
  const killedMs = performance.now();
  await eventually(() => agent.registrations.length >= 3 + CALLERS, "another worker registers");
  const againMs = performance.now() - killedMs;
  await eventually(() => [...calls.answers.values()].reduce((a, b) => a + b) > 500, "calls go on");
  await calls.end();
  const firstFailureMs = new Map<number, number>();
  for (const { caller, endedMs, begunMs, error } of calls.failures) {
    assert.equal(error.code, Code.Unavailable);
    assert.equal(servedBy[caller], String(victim), "only its own callers notice");
    const firstMs = firstFailureMs.get(caller) ?? endedMs;
    firstFailureMs.set(caller, firstMs);
    assert.ok(begunMs <= firstMs, "no call fails that was begun after its death was noticed");
  }
  // Starting a process takes what it takes on a machine that does other things, some of which is these calls.
  t.diagnostic(`there again after ${Math.round(againMs)} ms; the first start took ${Math.round(world.startMs)} ms`);
  assert.ok(againMs < Math.max(60_000, 5 * world.startMs), `there again after ${againMs} ms`);
  assert.match(service.words(), new RegExp(`pid ${victim}\\) was killed by SIGKILL; starting another`));
});

test("a spare worker takes the place of one that dies, with the program as it is by then; a reload replaces the spare too", async () => {
  await using world = await setUp();
  const { agent, pids, service, fault } = world;
  const spare = await spareOf(service.child.pid!, pids());
  // Had it read anything of the program before, it would not notice.
  await writeFile(fault, "");
  process.kill(pids()[0]!, "SIGKILL");
  const itsEnd = new RegExp(`worker 1 \\(pid ${spare}\\) exited with status 1; starting another`);
  await eventually(() => itsEnd.test(service.words()), "the spare begins with the program");
  await rm(fault);
  assert.match(service.words(), /this code does not start/);
  await eventually(() => pids().length === 3, "another one serves");
  const second = await spareOf(service.child.pid!, pids());
  process.kill(pids()[1]!, "SIGKILL");
  await eventually(() => pids().includes(second), "the spare serves");
  const third = await spareOf(service.child.pid!, pids());
  const result = await requestReload(reloadSocketPath(agent.path, INSTANCE_ID), () => {});
  assert.equal(result?.ok, true);
  await eventually(() => !alive(third), "the spare of before the reload ends");
  assert.ok(!pids().includes(third));
  const fourth = await spareOf(service.child.pid!, pids());
  service.child.kill("SIGTERM");
  assert.deepEqual(await once(service.child, "exit"), [0, null]);
  await eventually(() => !alive(fourth), "the spare ends with its controller");
});

test("a worker whose event loop hangs is killed by its heartbeat and started again; the other one serves on", async () => {
  await using world = await setUp("3s");
  const { agent, callers, service } = world;
  const hung = callers[0]!.call(LocalService, SERVICE).report({}, { timeoutMs: 60_000 });
  const [outcome] = await Promise.allSettled([hung]);
  assert.ok(outcome.status === "rejected" && (outcome.reason as RpcError).code === Code.Unavailable);
  await eventually(() => /did not answer for 3 s and was killed; starting another/.test(service.words()), "its death");
  await eventually(() => agent.registrations.length >= 3 + CALLERS, "another worker registers");
  for (const caller of callers) await caller.call(LocalService, SERVICE).register({});
});

test("a reload under load fails no call, and afterwards new processes serve under the same controller", async () => {
  await using world = await setUp();
  const { agent, pids, service } = world;
  const calls = load(world.callers);
  await eventually(() => calls.servedBy.every((pid) => pid !== ""), "every caller has an answer");
  const old = pids();
  process.kill(service.child.pid!, "SIGUSR2");
  await eventually(() => /reloaded: worker 1 /.test(service.words()), "the end of the reload");
  const fresh = pids().filter((pid) => !old.includes(pid));
  assert.equal(fresh.length, 2);
  assert.deepEqual(old.filter(alive), []);
  await eventually(() => calls.servedBy.every((pid) => fresh.includes(Number(pid))), "the new ones serve");
  await calls.end();
  assert.deepEqual(calls.failures, []);
  assert.ok(
    agent.registrations.every(({ service: name, listen }) => name !== SERVICE || listen.endsWith(`:${world.port}`)),
  );
  assert.equal(service.child.exitCode, null);
});

test("a reload asked for at the controller's socket, under load, tells of each worker and the result, and fails no call", async () => {
  await using world = await setUp();
  const { agent, pids } = world;
  const path = reloadSocketPath(agent.path, INSTANCE_ID);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const calls = load(world.callers);
  await eventually(() => calls.servedBy.every((pid) => pid !== ""), "every caller has an answer");
  const old = pids();
  const ready: number[] = [];
  // The second one comes too late for the first: it is done once more.
  const [first, second] = await Promise.all([
    requestReload(path, ({ pid, of }) => {
      assert.equal(of, 2);
      ready.push(pid);
    }),
    eventually(() => ready.length > 0, "the first reload runs").then(() => requestReload(path, () => {})),
  ]);
  assert.ok(first?.ok && second?.ok);
  assert.deepEqual(first.workers.map(({ pid }) => pid).sort(), ready.sort());
  assert.deepEqual(first.workers.map(({ before }) => before).sort(), old.sort());
  assert.deepEqual(second.workers.map(({ before }) => before).sort(), ready.sort());
  assert.ok(first.tookMs > 0);
  await calls.end();
  assert.deepEqual(calls.failures, []);
});

test("a reload that fails is told with its reason; where nobody listens there is nothing to ask", async () => {
  await using world = await setUp();
  const path = reloadSocketPath(world.agent.path, INSTANCE_ID);
  await writeFile(world.fault, "");
  const messages: object[] = [];
  const result = await requestReload(path, (ready) => messages.push(ready));
  assert.deepEqual([result?.ok, messages], [false, []]);
  assert.match((result as { reason: string }).reason, /a new worker did not start; the old ones go on/);
  assert.equal(await requestReload(`${path}.none`, () => {}), undefined);
  world.service.child.kill("SIGTERM");
  await once(world.service.child, "exit");
  assert.equal(existsSync(path), false);
});

test("a reload to code that does not start leaves the old workers as they are, and says so", async () => {
  await using world = await setUp();
  const { service, pids, fault, callers } = world;
  const old = pids();
  await writeFile(fault, "");
  process.kill(service.child.pid!, "SIGUSR2");
  await eventually(() => /reload failed: a new worker did not start/.test(service.words()), "the refusal");
  assert.match(service.words(), /this code does not start/);
  assert.deepEqual(old.filter(alive), old);
  const answer = await callers[0]!.call(LocalService, SERVICE).register({});
  assert.ok(old.includes(Number(answer.hostId)));
  await rm(fault);
});

test("SIGTERM to the group: what runs is answered, all workers end, the status is 0", async () => {
  await using world = await setUp();
  const { service, pids, callers } = world;
  const running = callers.map((caller) => caller.call(LocalService, SERVICE).register({ pid: 400 }));
  // Each has been begun when a later one on the same connection is answered.
  await Promise.all(callers.map((caller) => caller.call(LocalService, SERVICE).getStatus({})));
  process.kill(-service.child.pid!, "SIGTERM");
  const [exit] = await Promise.all([once(service.child, "exit"), ...running]);
  assert.deepEqual(exit, [0, null]);
  assert.deepEqual(pids().filter(alive), []);
});

test("workers whose controller is killed finish what runs and end", async () => {
  await using world = await setUp();
  const { service, pids, callers } = world;
  const running = callers.map((caller) => caller.call(LocalService, SERVICE).register({ pid: 300 }));
  await Promise.all(callers.map((caller) => caller.call(LocalService, SERVICE).getStatus({})));
  service.child.kill("SIGKILL");
  await Promise.all(running);
  await eventually(() => !pids().some(alive), "the workers end");
});

test("a program that cannot start says so once and ends with status 1", async () => {
  await using world = await setUp();
  const before = world.pids();
  await using directory = await temporaryDirectory();
  await writeFile(join(directory.path, "config.ini"), "[SRPC]\nprocnum = 4\n");
  await using second = start(directory.path, world.agent.path, world.port);
  const [status] = await once(second.child, "exit");
  assert.equal(status, 1);
  assert.match(second.words(), new RegExp(`^${SERVICE}: port ${world.port} of 127\\.0\\.0\\.1 is taken[^\\n]*\\n$`));
  assert.deepEqual(world.pids(), before);
});
