import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { LocalService } from "@msec/api/agent/v1/local_pb.js";
import { Code, MethodTable, RpcError } from "@msec/rpc";
import { type ExternalCodec, listen } from "@msec/rpc-node";
import { untilReached } from "@msec/rpc-node/testing/until-reached";
import { type Connection, connect } from "../connect.ts";
import { serve } from "../serve.ts";
import { eventually, patiently, TestingAgent, temporaryDirectory } from "../testing-agent.ts";

// Lines of text: as simple as a protocol can be, and without sequences.
const lines: ExternalCodec<string, string> = {
  encode: (text) => Buffer.from(`${text}\n`),
  packetLength: (buffer) => buffer.indexOf(10) + 1,
  decode: (packet) => Buffer.from(packet).toString().trimEnd(),
};

const quiet = { stopOnSignal: false, onNotice: () => {} } as const;

async function serveLines(name: string) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      for (const line of String(chunk).trimEnd().split("\n")) if (line !== "silence") socket.write(`${name} ${line}\n`);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function setUp() {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const agent = stack.use(await new TestingAgent(join(directory.path, "agent.sock")).start());
  const caller: Connection = stack.use(patiently(connect({ ...quiet, name: "Test.caller", agent: agent.path })));
  return { agent, stack, caller, directory, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function rejection(call: Promise<unknown>): Promise<RpcError> {
  const [outcome] = await Promise.allSettled([call]);
  assert.ok(outcome.status === "rejected" && outcome.reason instanceof RpcError, JSON.stringify(outcome));
  return outcome.reason;
}

const method = "Lines.Ask";

test("an external service is called by name, elsewhere when an instance is gone, and every attempt is recorded", async () => {
  await using world = await setUp();
  const { agent, caller, stack } = world;
  const gone = await serveLines("gone");
  await gone[Symbol.asyncDispose]();
  const good = stack.use(await serveLines("good"));
  agent.setRoutes("Odd.lines", [gone.port, good.port]);
  for (let i = 0; i < 40; i++) {
    assert.equal(await caller.callExternal("Odd.lines", `n${i}`, lines, { method }), `good n${i}`);
  }
  await eventually(() => agent.spans().filter(({ code }) => code === 0).length === 40, "all successful spans");
  const spans = agent.spans();
  assert.ok(spans.every((span) => span.side === 2 && span.method === method && span.peerService === "Odd.lines"));
  const failed = spans.filter(({ code }) => code !== 0);
  assert.ok(failed.length > 0);
  for (const { code, peerInstance, traceId } of failed) {
    assert.deepEqual([code, peerInstance], [Code.Unavailable, `127.0.0.1:${gone.port}`]);
    assert.ok(
      spans.some((span) => span.code === 0 && span.traceId === traceId),
      "the same request, elsewhere",
    );
  }
});

test("within a handler, an external call has the request's trace and what is left of its time", async () => {
  await using world = await setUp();
  const { agent, caller, stack } = world;
  const external = stack.use(await serveLines("x"));
  agent.setRoutes("Odd.lines", [external.port]);
  const asked: string[] = [];
  const front = serve(
    LocalService,
    {
      register: async ({ service }, context) => {
        asked.push(service);
        const hostName = await context.callExternal("Odd.lines", service, lines, { method });
        return { hostId: context.requestId, hostName };
      },
      watchRoutes: () => ({}),
      report: () => ({}),
      getStatus: () => ({}),
    },
    { ...quiet, name: "Test.front", agent: agent.path, listen: { address: "127.0.0.1", port: 0 } },
  );
  stack.use(front);
  agent.setRoutes("Test.front", [(await front.ready).port]);
  const client = caller.call(LocalService, "Test.front");
  const answer = await client.register({ service: "hello" });
  assert.equal(answer.hostName, "x hello");
  const late = async (timeoutMs: number) => {
    const error = await rejection(client.register({ service: "silence" }, { timeoutMs }));
    assert.equal(error.code, Code.DeadlineExceeded);
  };
  await untilReached(100, late, () => asked.includes("silence"));
  await eventually(() => agent.spans().filter((span) => span.method === method).length >= 2, "both spans");
  const [first, second] = agent.spans().filter((span) => span.method === method);
  assert.deepEqual([first?.traceId, first?.code], [answer.hostId, 0]);
  assert.ok(second?.code === Code.DeadlineExceeded || second?.code === Code.Canceled);
});

test("an address, also with @tcp, is called as it stands; bad calls say what is wrong", async () => {
  await using world = await setUp();
  const { caller, stack } = world;
  const external = stack.use(await serveLines("x"));
  for (const target of [`127.0.0.1:${external.port}`, `127.0.0.1:${external.port}@tcp`]) {
    assert.equal(await caller.callExternal(target, "y", lines, { method }), "x y");
  }
  assert.match(
    (await rejection(caller.callExternal("nonsense", "", lines, { method }))).message,
    /neither a service name/,
  );
  const unnamed = caller.callExternal(`127.0.0.1:${external.port}`, "", lines, { method: "" });
  assert.equal((await rejection(unnamed)).code, Code.InvalidArgument);
  const unknown = await rejection(caller.callExternal("Odd.nobody", "", lines, { method, timeoutMs: 100 }));
  assert.equal(unknown.code, Code.Unavailable);
});

test("a service is called over its unix socket, also with JSON", async () => {
  await using world = await setUp();
  const { caller, agent } = world;
  const { hostName } = await caller.call(LocalService, `unix:${agent.path}`).register({ service: "A.b" });
  assert.equal(hostName, "testing");
  const json = await caller.callJson(`unix:${agent.path}`, "msec.agent.v1.LocalService.Register", {});
  assert.equal((json.result as { host_name: string }).host_name, "testing");
  await eventually(() => agent.spans().length >= 2, "both are recorded");
  assert.equal(agent.spans()[0]?.peerInstance, `unix:${agent.path}`);
});

test("a service is called over UDP by its address, recorded as any other call; JSON over UDP is refused", async () => {
  await using world = await setUp();
  const { caller, agent, stack } = world;
  const methods = new MethodTable().add(LocalService, {
    register: ({ service }) => ({ hostName: service }),
    watchRoutes: () => ({}),
    report: () => ({}),
    getStatus: () => ({}),
  });
  const listener = stack.use(await listen({ methods, address: "127.0.0.1", port: 0, udp: true }));
  const target = `127.0.0.1:${listener.port}@udp`;
  assert.equal((await caller.call(LocalService, target).register({ service: "A.b" })).hostName, "A.b");
  await eventually(() => agent.spans().length === 1, "the call is recorded");
  assert.deepEqual([agent.spans()[0]?.peerInstance, agent.spans()[0]?.code], [target, 0]);
  const json = await rejection(caller.callJson(target, "msec.agent.v1.LocalService.Register", {}));
  assert.equal(json.code, Code.InvalidArgument);
  assert.match(json.message, /leave @udp away/);
});
