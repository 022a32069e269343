import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, RpcError } from "@msec/rpc";
import { OrderService } from "../../gen/orders_pb.js";
import { eventually } from "../testing-agent.ts";
import { notWell, OrderWorld } from "../testing-orders.ts";
import { Link } from "./testing-link.ts";

const name = "Test.orders";
const every = 10;
const atOnce = 4;

type Ended = { readonly begunMs: number; readonly endedMs: number; readonly port: string; readonly code: Code };

/**
 * Ten instances, each behind a link, and one caller that makes 400 calls a second that must not run twice. All are this process: that it is busy
 * says nothing of an instance, so none refuses calls for it.
 */
async function setUp(isFailing: (number: number) => boolean = () => false) {
  const world = await OrderWorld.create();
  const stack = new AsyncDisposableStack();
  stack.use(world);
  const links: Link[] = [];
  for (let number = 0; number < 10; number++) {
    const answer = () => {
      if (isFailing(number)) throw notWell();
      return { id: `${number}` };
    };
    const { port } = await world.serve(name, answer, { queueTargetMs: 0 });
    links.push(stack.use(await Link.to(port)));
  }
  world.agent.setTable(
    name,
    links.map(({ port }) => ({ port })),
  );
  const caller = world.connect();
  const orders = caller.call(OrderService, name, { timeoutMs: 3_000 });
  await orders.find({});
  const ended: Ended[] = [];
  const call = async () => {
    const begunMs = performance.now();
    const end = (port: string, code: Code) => ended.push({ begunMs, endedMs: performance.now(), port, code });
    try {
      end((await orders.place({})).id, Code.Ok);
    } catch (error) {
      end("", error instanceof RpcError ? error.code : Code.Unknown);
    }
  };
  let running: Promise<void>[] = [];
  const timer = setInterval(() => {
    for (let count = 0; count < atOnce; count++) running.push(call());
  }, every);
  stack.defer(async () => {
    clearInterval(timer);
    await Promise.all(running);
  });
  return {
    agent: world.agent,
    links,
    caller,
    /** Lets calls go on for so long, and gives those that were begun in that time, once they are all over. */
    async during(ms: number) {
      const fromMs = performance.now();
      await new Promise((resolve) => setTimeout(resolve, ms));
      const untilMs = performance.now();
      await Promise.all(running);
      running = [];
      return ended.filter(({ begunMs }) => begunMs >= fromMs && begunMs < untilMs);
    },
    state: (number: number) => caller.explain(name)[number]!.state,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const failed = (calls: readonly Ended[]) => calls.filter(({ code }) => code !== Code.Ok);

test("one of ten dies: only calls that were at it fail, none after a second, and it is back within seconds of its return", async () => {
  await using world = await setUp();
  await world.during(500);
  const first = world.during(1_000);
  await world.links[3]!.become("dead");
  assert.ok(failed(await first).length <= atOnce, `${failed(await first).length} failed`);
  assert.deepEqual(failed(await world.during(2_000)), []);
  assert.match(world.state(3), /ejected|probing/);
  await world.links[3]!.become("open");
  const backMs = performance.now();
  await eventually(() => world.state(3) === "warming" || world.state(3) === "serving", "it is back");
  assert.ok(performance.now() - backMs < 15_000, `${performance.now() - backMs} ms`);
  assert.deepEqual(failed(await world.during(500)), []);
});

test("one of ten becomes a black hole: a few calls are lost before it is noticed, and none is spent on finding out", async () => {
  await using world = await setUp();
  await world.during(500);
  const link = world.links[3]!;
  await link.become("hole");
  const first = await world.during(1_500);
  // 40 calls a second until 50 ms have passed, on a busy machine.
  assert.ok(failed(first).length <= 15, `${failed(first).length} failed`);
  await eventually(() => /ejected|probing/.test(world.state(3)), "nobody answered when it was asked");
  assert.deepEqual(failed(await world.during(2_500)), []);
  await link.become("open");
  const backMs = performance.now();
  await eventually(() => world.state(3) === "warming" || world.state(3) === "serving", "it is back");
  assert.ok(performance.now() - backMs < 15_000, `${performance.now() - backMs} ms`);
  const after = await world.during(1_000);
  assert.deepEqual(failed(after), []);
  assert.ok(after.some(({ port }) => port === "3"));
  const recorded = new Set(world.agent.spans().map(({ method }) => method));
  assert.deepEqual(
    [...recorded].filter((method) => !method?.startsWith("orders.")),
    [],
    "checks are no calls",
  );
});

test("six of ten die: the others serve, and all serve within seconds of their return", async () => {
  await using world = await setUp();
  await world.during(500);
  const six = world.links.slice(0, 6);
  const first = world.during(1_000);
  for (const link of six) await link.become("dead");
  assert.ok(failed(await first).length <= 6 * atOnce, `${failed(await first).length} failed`);
  assert.deepEqual(failed(await world.during(2_000)), []);
  for (const link of six) await link.become("open");
  const backMs = performance.now();
  await eventually(() => [0, 1, 2, 3, 4, 5].every((number) => world.state(number) === "serving"), "all are back");
  assert.ok(performance.now() - backMs < 15_000, `${performance.now() - backMs} ms`);
  assert.deepEqual(failed(await world.during(500)), []);
});

test("instances that are stopped and started again one after the other, still in the table, cost no call", async () => {
  await using world = await OrderWorld.create();
  const serve = (port: number) =>
    world.serve(name, ({ id }) => ({ id }), { listen: { address: "127.0.0.1", port }, queueTargetMs: 0 });
  let services = await Promise.all([0, 0, 0, 0].map(serve));
  world.agent.setRoutes(
    name,
    services.map(({ port }) => port),
  );
  const orders = world.connect().call(OrderService, name, { timeoutMs: 3_000 });
  await orders.find({});
  const running: Promise<unknown>[] = [];
  const timer = setInterval(() => running.push(orders.place({}), orders.place({}), orders.place({})), every);
  const someCalls = async () => {
    const enough = running.length + 40;
    await eventually(() => running.length >= enough, "more calls were made");
  };
  for (const stopped of services) {
    await stopped.close();
    await someCalls();
    services = [...services, await serve(stopped.port)];
    await someCalls();
  }
  clearInterval(timer);
  const results = await Promise.allSettled(running);
  assert.deepEqual(
    results.filter(({ status }) => status === "rejected"),
    [],
  );
});

test("one of ten is 500 ms late, or fails three of ten calls: its share falls to 3 %", async () => {
  const failing = { number: -1, turn: 0 };
  await using world = await setUp((number) => number === failing.number && ++failing.turn % 10 < 3);
  await world.during(1_000);
  const shareOf = (calls: readonly Ended[], port: string) =>
    calls.filter((call) => call.port === port || (port === "7" && call.code !== Code.Ok)).length / calls.length;
  await world.links[3]!.become("slow");
  failing.number = 7;
  await world.during(4_000);
  let calls = await world.during(3_000);
  // A busy machine makes fewer calls to learn from in that time.
  for (let more = 0; more < 8 && Math.max(shareOf(calls, "3"), shareOf(calls, "7")) > 0.03; more++) {
    calls = await world.during(3_000);
  }
  assert.ok(shareOf(calls, "3") <= 0.03, `late: ${shareOf(calls, "3")}`);
  assert.ok(shareOf(calls, "7") <= 0.03, `failing: ${shareOf(calls, "7")}`);
});
