import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Code, RpcError } from "@msec/rpc";
import { connect } from "../connect.ts";
import { eventually, patiently, TestingAgent, temporaryDirectory } from "../testing-agent.ts";

async function setUp() {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const agent = stack.use(await new TestingAgent(join(directory.path, "agent.sock")).start());
  const caller = stack.use(patiently(connect({ name: "Test.caller", agent: agent.path, onNotice: () => {} })));
  return { agent, caller, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("routes are given in turn, what fails is left out, and an update with a method is recorded as a call", async () => {
  await using world = await setUp();
  const { agent, caller } = world;
  agent.setRoutes("Odd.mysql", [3306, 3307]);
  const seen = new Map<number, number>();
  let route = await caller.getRoute("Odd.mysql");
  for (let i = 0; i < 60; i++) {
    assert.equal(route.address, "127.0.0.1");
    seen.set(route.port, (seen.get(route.port) ?? 0) + 1);
    caller.updateRoute(route, { ok: route.port === 3306, durationMs: 5, method: "mysql.Query" });
    route = await caller.getRoute("Odd.mysql");
  }
  assert.ok(seen.get(3306)! > 50, `${seen.get(3306)} of 60 went to the one that works`);
  const bad = caller.explain("Odd.mysql").find(({ port }) => port === 3307);
  // Tried again just now, where the calls above took long.
  assert.match(bad?.state ?? "", /^(ejected|probing)$/);
  await eventually(() => agent.spans().length >= 60, "the calls are recorded");
  const spans = agent.spans();
  assert.ok(
    spans.every((span) => span.side === 2 && span.method === "mysql.Query" && span.peerService === "Odd.mysql"),
  );
  assert.ok(spans.some(({ code, peerInstance }) => code === Code.Unavailable && peerInstance === "127.0.0.1:3307"));
});

test("a route that is out counts as a call in flight until it is reported, and may be reported again", async () => {
  await using world = await setUp();
  const { agent, caller } = world;
  agent.setRoutes("Odd.mysql", [3306]);
  const inFlight = () => caller.explain("Odd.mysql")[0]?.inFlight;
  const one = await caller.getRoute("Odd.mysql");
  await caller.getRoute("Odd.mysql");
  assert.equal(inFlight(), 2);
  caller.updateRoute(one, { ok: true, durationMs: 1 });
  caller.updateRoute(one, { ok: true, durationMs: 1 });
  assert.equal(inFlight(), 1);
});

test("an address is its own route; what is none, and what was not given, is refused", async () => {
  await using world = await setUp();
  const { caller } = world;
  const route = await caller.getRoute("[::1]:3306");
  assert.deepEqual(route, { service: "", instanceId: "", address: "::1", port: 3306 });
  caller.updateRoute(route, { ok: true, durationMs: 1, method: "mysql.Query" });
  await assert.rejects(caller.getRoute("unix:/run/x.sock"), /has no address and port/);
  await assert.rejects(caller.getRoute("Odd.none", { timeoutMs: 50 }), (error) => error instanceof RpcError);
  const cases: [() => void, RegExp][] = [
    [() => caller.updateRoute({ ...route }, { ok: true, durationMs: 1 }), /the very object that getRoute gave/],
    [() => caller.updateRoute(route, { ok: true, durationMs: -1 }), /durationMs -1 must be >= 0/],
    [() => caller.updateRoute(route, { ok: true, durationMs: 1, method: "" }), /method must be a name/],
  ];
  for (const [call, message] of cases) assert.throws(call, message);
});
