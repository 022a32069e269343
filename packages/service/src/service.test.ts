import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import { Code, RpcError, type ServiceImplementation } from "@msec/rpc";
import { untilReached } from "@msec/rpc-node/testing/until-reached";
import { type Connection, connect } from "./connect.ts";
import type { ServiceContext } from "./request-context.ts";
import { type Service, serve } from "./serve.ts";
import { eventually, patiently, TestingAgent, temporaryDirectory } from "./testing-agent.ts";

// The service under test is the agent's own interface, because its types are at hand: `register` answers who served it.
type Handlers = ServiceImplementation<typeof LocalService, ServiceContext>;

const quiet = { stopOnSignal: false, onNotice: () => {} } as const;

function handlersOf(name: string, changes: Partial<Handlers> = {}): Handlers {
  return {
    register: () => ({ hostName: name }),
    watchRoutes: () => ({}),
    report: () => ({}),
    getStatus: () => ({}),
    ...changes,
  };
}

async function startService(
  agent: string | false,
  name: string,
  changes: Partial<Handlers> = {},
): Promise<Service & { port: number }> {
  const listen = { address: "127.0.0.1", port: 0 };
  const service = serve(LocalService, handlersOf(name, changes), {
    ...quiet,
    ...{ name: "Test.callee", agent, listen },
    // All are this process: that it is busy is no reason to refuse calls.
    queueTargetMs: 0,
  });
  const { port } = await service.ready;
  return Object.assign(service, { port });
}

function startCaller(agent: string | false, name = "Test.caller"): Connection {
  return patiently(connect({ ...quiet, name, agent }));
}

async function rejection(call: Promise<unknown>): Promise<RpcError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RpcError, `expected an RpcError, found ${String(error)}`);
  return error;
}

async function setUp() {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const path = join(directory.path, "agent.sock");
  const agent = stack.use(await new TestingAgent(path).start());
  return { agent, path, stack, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("a call by name reaches an instance, and agent and curves know both ends without a line of user code", async () => {
  await using world = await setUp();
  const { agent, path, stack } = world;
  const callee = stack.use(await startService(path, "one"));
  agent.setRoutes("Test.callee", [callee.port]);
  const caller = stack.use(startCaller(path));
  const { hostName } = await caller.call(LocalService, "Test.callee").register({});
  assert.equal(hostName, "one");
  await eventually(() => agent.spans().length >= 2, "both ends report their span");
  const method = "msec.agent.v1.LocalService.Register";
  const made = agent.spans().find(({ side }) => side === 2);
  const served = agent.spans().find(({ side }) => side === 1);
  assert.deepEqual(
    { ...made, traceId: 0, spanId: 0 },
    {
      side: 2,
      method,
      peerService: "Test.callee",
      peerInstance: `127.0.0.1:${callee.port}`,
      code: 0,
      attempt: 0,
      attemptReason: 0,
      routeVersion: 1,
      traceId: 0,
      spanId: 0,
      parentSpanId: "0".repeat(16),
    },
  );
  assert.equal(served?.peerService, "Test.caller");
  assert.equal(served?.traceId, made?.traceId);
  assert.equal(served?.parentSpanId, made?.spanId);
  const names = agent.registrations.map(({ service, listen, pid }) => [service, listen, pid]);
  assert.deepEqual(names.sort(), [
    ["Test.callee", `127.0.0.1:${callee.port}`, process.pid],
    ["Test.caller", "", process.pid],
  ]);
  const methods = agent.registrations.find(({ service }) => service === "Test.callee")?.methods;
  assert.ok(methods?.includes(method));
});

test("a handler calls another service within its own request, deadline and all", async () => {
  await using world = await setUp();
  const { agent, path, stack } = world;
  let remainingMs = 0;
  const callee = stack.use(
    await startService(path, "second", {
      register: (_, context) => {
        remainingMs = context.remainingMs();
        context.log.error("seen", { password: "123456", from: { city: "sz", Token: "t" } });
        context.count("seen");
        return { hostName: context.caller };
      },
    }),
  );
  agent.setRoutes("Test.callee", [callee.port]);
  const first = serve(
    LocalService,
    handlersOf("first", {
      register: async (request, context) => {
        const { hostName } = await context.call(LocalService, "Test.callee", { timeoutMs: 60_000 }).register(request);
        return { hostName, hostId: context.requestId };
      },
    }),
    { ...quiet, name: "Test.first", agent: path, listen: { address: "127.0.0.1", port: 0 }, queueTargetMs: 0 },
  );
  stack.use(first);
  agent.setRoutes("Test.first", [(await first.ready).port]);
  const caller = stack.use(startCaller(path));
  const answer = await caller.call(LocalService, "Test.first").register({}, { timeoutMs: 15_000 });
  assert.equal(answer.hostName, "Test.first");
  assert.ok(remainingMs > 0 && remainingMs <= 15_000 + 1e-3, `${remainingMs} ms were left`);
  await eventually(() => agent.spans().length >= 4, "four spans");
  assert.deepEqual([...new Set(agent.spans().map(({ traceId }) => traceId))], [answer.hostId]);
  await eventually(() => agent.logTexts().includes("seen"), "the log line");
  const { logs, samples, strings } = agent.batches.find((batch) => batch.logs?.text.includes("seen"))!;
  // Another line may have come into the same batch.
  const at = logs!.text.indexOf("seen") * 16;
  assert.equal(Buffer.from(logs!.traceIds.subarray(at, at + 16)).toString("hex"), answer.hostId);
  assert.deepEqual(
    logs!.fieldValue.filter((value) => value.includes("[secret]")),
    ["[secret]", '{"city":"sz","Token":"[secret]"}'],
  );
  // So may what the process says of itself, every ten seconds of the clock.
  const names = samples?.nameRef.map((ref) => strings[ref] ?? "") ?? [];
  assert.deepEqual(
    names.filter((name) => name.startsWith("usr.")),
    ["usr.seen"],
  );
});

test("the first call waits for an agent that is not there yet", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "agent.sock");
  await using callee = await startService(false, "one");
  await using caller = startCaller(path);
  const call = caller.call(LocalService, "Test.callee").register({});
  await using agent = new TestingAgent(path);
  agent.setRoutes("Test.callee", [callee.port]);
  await agent.start();
  assert.equal((await call).hostName, "one");
});

test("the wait for the first routes ends at the deadline, with why", async () => {
  await using directory = await temporaryDirectory();
  await using caller = startCaller(join(directory.path, "nobody.sock"));
  let message = "";
  const call = async (timeoutMs: number) => {
    const error = await rejection(caller.call(LocalService, "Test.callee").register({}, { timeoutMs }));
    assert.equal(error.code, Code.Unavailable);
    ({ message } = error);
  };
  await untilReached(150, call, () => message.includes("nobody.sock"));
  assert.match(message, /cannot call Test\.callee: the agent has told no routes yet \(.*nobody\.sock.*`msec ps`/);
});

test("without an agent a call by name fails at once and says what to do, a call by address works", async () => {
  await using callee = await startService(false, "one");
  await using caller = startCaller(false);
  const error = await rejection(caller.call(LocalService, "Test.callee").register({}, { timeoutMs: 60_000 }));
  assert.match(error.message, /cannot call Test\.callee by name: this process has no agent.*MSEC_AGENT/);
  assert.equal((await caller.call(LocalService, `127.0.0.1:${callee.port}`).register({})).hostName, "one");
  const bad = await rejection(caller.call(LocalService, "nonsense").register({}));
  assert.equal(bad.code, Code.InvalidArgument);
});

test("a name that nobody has, and one without instances, are told apart", async () => {
  await using world = await setUp();
  world.agent.setRoutes("Test.empty", []);
  const caller = world.stack.use(startCaller(world.path));
  const unknown = await rejection(caller.call(LocalService, "Test.nobody").register({}));
  assert.match(unknown.message, /there is no service Test\.nobody; the agent knows Test\.empty\./);
  const empty = await rejection(caller.call(LocalService, "Test.empty").register({}));
  assert.match(empty.message, /Test\.empty has no instance in routing/);
});

test("a call that an instance did not begin is made again at another one, whatever its method", async () => {
  await using world = await setUp();
  const { agent, path, stack } = world;
  const gone = await startService(false, "gone");
  await gone.close();
  const good = stack.use(await startService(false, "good"));
  agent.setRoutes("Test.callee", [gone.port, good.port]);
  const caller = stack.use(startCaller(path));
  for (let call = 0; call < 30; call++) {
    assert.equal((await caller.call(LocalService, "Test.callee").register({})).hostName, "good");
  }
});

test("a call that ran and failed is not made again, though another instance is there", async () => {
  await using world = await setUp();
  const { agent, path, stack } = world;
  let runs = 0;
  const register = () => {
    runs++;
    throw new RpcError(Code.Unavailable, "half done");
  };
  const one = stack.use(await startService(false, "one", { register }));
  const two = stack.use(await startService(false, "two", { register }));
  agent.setRoutes("Test.callee", [one.port, two.port]);
  const caller = stack.use(startCaller(path));
  const error = await rejection(caller.call(LocalService, "Test.callee").register({}));
  assert.deepEqual([error.message, runs], ["half done", 1]);
});

test("calls follow the routes within a moment, and go on without agent and server", async () => {
  await using world = await setUp();
  const { agent, path, stack } = world;
  const one = stack.use(await startService(false, "one"));
  const two = stack.use(await startService(false, "two"));
  agent.setRoutes("Test.callee", [one.port]);
  const caller = stack.use(startCaller(path));
  const callee = caller.call(LocalService, "Test.callee");
  assert.equal((await callee.register({})).hostName, "one");
  agent.setRoutes("Test.callee", [two.port]);
  const changed = performance.now();
  while ((await callee.register({})).hostName !== "two") assert.ok(performance.now() - changed < 15_000);
  await agent[Symbol.asyncDispose]();
  for (let call = 0; call < 20; call++) assert.equal((await callee.register({})).hostName, "two");
});

test("an agent that comes back is registered with again and gets what was recorded meanwhile", async () => {
  await using world = await setUp();
  const { agent, path, stack } = world;
  const one = stack.use(await startService(false, "one"));
  agent.setRoutes("Test.callee", [one.port]);
  const caller = stack.use(startCaller(path));
  const callee = caller.call(LocalService, "Test.callee");
  await callee.register({});
  await agent[Symbol.asyncDispose]();
  for (let call = 0; call < 50; call++) await callee.register({});
  // A new one, that knows nothing itself yet: the caller keeps what it has.
  const successor = stack.use(await new TestingAgent(path).start());
  await eventually(() => successor.registrations.length === 1, "the registration");
  await eventually(() => successor.spans().length >= 50, "the spans");
  assert.equal((await callee.register({})).hostName, "one");
});

test("what a handler throws: an RpcError passes, anything else is Internal without its reason, which is logged", async () => {
  await using world = await setUp();
  const { agent, path, stack } = world;
  const callee = stack.use(
    await startService(path, "one", {
      register: () => {
        throw new RpcError(Code.FailedPrecondition, "not now");
      },
      getStatus: async () => {
        throw new Error("connect postgres://root:hunter2@db failed");
      },
      report: () => {
        throw "not even an error";
      },
    }),
  );
  const caller = stack.use(startCaller(false));
  const client = caller.call(LocalService, `127.0.0.1:${callee.port}`);
  const passed = await rejection(client.register({}));
  assert.deepEqual([passed.code, passed.message], [Code.FailedPrecondition, "not now"]);
  const hidden = await rejection(client.getStatus({}));
  assert.equal(hidden.code, Code.Internal);
  assert.doesNotMatch(hidden.message, /hunter2|postgres/);
  assert.equal((await rejection(client.report({}))).code, Code.Internal);
  await eventually(() => agent.logTexts().some((text) => text.endsWith("GetStatus failed")), "the log line");
  const { logs } = agent.batches.find((batch) => batch.logs?.text.some((text) => text.endsWith("GetStatus failed")))!;
  assert.match(logs!.fieldValue.join("\n"), /hunter2@db failed\n +at .*service\.test\.ts/);
});

test("the failure of a call that a handler made does not have the handler run again elsewhere", async () => {
  await using world = await setUp();
  const { agent, path, stack } = world;
  const gone = await startService(false, "gone");
  await gone.close();
  agent.setRoutes("Test.gone", [gone.port]);
  let runs = 0;
  const register: Handlers["register"] = async (request, context) => {
    runs++;
    return await context.call(LocalService, "Test.gone").register(request);
  };
  const one = stack.use(await startService(path, "one", { register }));
  const two = stack.use(await startService(path, "two", { register }));
  agent.setRoutes("Test.callee", [one.port, two.port]);
  const caller = stack.use(startCaller(path));
  const error = await rejection(caller.call(LocalService, "Test.callee").register({}));
  assert.equal(error.code, Code.Unavailable);
  assert.equal(runs, 1);
});

test("a stop refuses new calls, finishes the running one and hands over the last telemetry", async () => {
  await using world = await setUp();
  const { agent, path, stack } = world;
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { promise: begun, resolve: began } = Promise.withResolvers<void>();
  const callee = await startService(path, "one", {
    register: async (_, context) => {
      began();
      await held;
      context.log.error("last words");
      return { hostName: "one" };
    },
  });
  const caller = stack.use(startCaller(false));
  const client = caller.call(LocalService, `127.0.0.1:${callee.port}`);
  const running = client.register({});
  await begun;
  const closed = callee.close();
  assert.equal((await rejection(client.getStatus({}))).code, Code.Unavailable);
  release();
  assert.equal((await running).hostName, "one");
  await closed;
  assert.ok(agent.logTexts().includes("last words"));
});

test("a call with JSON is routed, traced and recorded like any other, and its failure names its request", async () => {
  await using world = await setUp();
  const { agent, path, stack } = world;
  const gone = await startService(false, "gone");
  await gone.close();
  const callee = stack.use(await startService(path, "one"));
  agent.setRoutes("Test.callee", [gone.port, callee.port]);
  const caller = stack.use(startCaller(path));
  const method = "msec.agent.v1.LocalService.Register";
  const found = await caller.callJson("Test.callee", method, { service: "x" });
  assert.deepEqual(found.result, { host_id: "", host_name: "one" });
  assert.deepEqual((await caller.callJson(`127.0.0.1:${callee.port}`, method, "{}")).result, found.result);
  const missing = await rejection(caller.callJson("Test.callee", "no.Such.Method", {}));
  assert.equal(missing.code, Code.Unimplemented);
  assert.match(String(missing.details.requestId), /^[0-9a-f]{32}$/);
  const unrouted = await rejection(caller.callJson("Test.nobody", method, {}));
  const of = (id: unknown) => agent.spans().filter(({ traceId }) => traceId === id);
  await eventually(() => of(unrouted.details.requestId).length === 1, "the record of the call without an instance");
  await eventually(() => of(found.requestId).some(({ side }) => side === 1), "the callee's span");
  const made = of(found.requestId).find(({ side, code }) => side === 2 && code === 0);
  const served = of(found.requestId).find(({ side }) => side === 1);
  assert.deepEqual([made?.peerService, made?.peerInstance], ["Test.callee", `127.0.0.1:${callee.port}`]);
  assert.deepEqual([served?.parentSpanId, served?.peerService], [made?.spanId, "Test.caller"]);
});

test("a port that is taken is told through `ready`, with what to do", async () => {
  await using first = await startService(false, "one");
  await using second = serve(LocalService, handlersOf("two"), {
    ...quiet,
    name: "Test.callee",
    agent: false,
    listen: { address: "127.0.0.1", port: first.port },
  });
  await assert.rejects(second.ready, {
    name: "UserError",
    message: `port ${first.port} of 127.0.0.1 is taken by another program`,
    hint: /ss -ltnp/,
  });
});
