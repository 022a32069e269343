import assert from "node:assert/strict";
import { test } from "node:test";
import { OrderService } from "../../gen/orders_pb.js";
import { eventually } from "../testing-agent.ts";
import { OrderWorld } from "../testing-orders.ts";

const name = "Test.orders";
/** No instance is taken to hang because this process, which all of them are, does not run for a while. */
const steady = { hangFloorMs: 60_000 };

/** Instances that answer with their number, and one caller. */
async function setUp(count: number) {
  const world = await OrderWorld.create();
  const services = await Promise.all(
    Array.from({ length: count }, (_, number) => world.serve(name, () => ({ id: `${number}` }))),
  );
  const ports = services.map(({ port }) => port);
  const notices: string[] = [];
  const caller = world.connect({ onNotice: (text) => notices.push(text) });
  const orders = caller.call(OrderService, name);
  const askMany = async (calls: number, options = {}) => {
    const ids: string[] = [];
    for (let call = 0; call < calls; call++) ids.push((await orders.find({}, options)).id);
    return new Set(ids);
  };
  /** Makes twenty calls at a time until these instances get them and no other: what a busy machine made of one, calls mend. */
  const untilServedBy = async (...expected: string[]) => {
    const deadline = performance.now() + 60_000;
    for (let found = ""; found !== expected.join(); found = [...(await askMany(20))].sort().join()) {
      assert.ok(performance.now() < deadline, `${found} ${JSON.stringify(caller.explain(name))}`);
    }
  };
  return {
    world,
    ports,
    caller,
    orders,
    askMany,
    untilServedBy,
    notices,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

test("calls with the same key go to the same instance, by the option or by the metadata that the policy names", async () => {
  await using fixture = await setUp(4);
  const { world, ports, askMany, caller, untilServedBy } = fixture;
  const routes = ports.map((port) => ({ port }));
  world.agent.setTable(name, routes, { name: "consistent-hash", constants: steady });
  const places = new Set<string>();
  for (let user = 0; user < 12; user++) {
    const ids = await askMany(5, { routeKey: `user-${user}` });
    assert.equal(ids.size, 1);
    for (const id of ids) places.add(id);
  }
  assert.ok(places.size > 1, "not all keys to one");
  // Without a key all are used.
  await untilServedBy("0", "1", "2", "3");
  world.agent.setTable(name, routes, { name: "consistent-hash", hashKey: "metadata:tenant", constants: steady });
  const tenant = { metadata: { tenant: "a" } };
  await eventually(() => caller.explain(name).length === 4, "the table is there");
  for (;;) if ((await askMany(12, tenant)).size === 1) break;
  assert.equal((await askMany(20, { ...tenant, routeKey: "another" })).size, 1);
  assert.equal(
    new Set([
      (await caller.getRoute(name, { routeKey: "k" })).port,
      (await caller.getRoute(name, { routeKey: "k" })).port,
    ]).size,
    1,
  );
});

test("a policy and its constants change while calls run, without losing what was learned", async () => {
  await using fixture = await setUp(2);
  const { world, ports, orders, caller, notices } = fixture;
  const [first, second] = ports as [number, number];
  const weighted = [{ port: first, weight: 300 }, { port: second }];
  world.agent.setTable(name, weighted, { constants: steady });
  await Promise.all(Array.from({ length: 50 }, () => orders.find({})));
  const latencies = () => caller.explain(name).map(({ latencyMs }) => latencyMs);
  const before = latencies();
  world.agent.setTable(name, weighted, {
    name: "weighted-round-robin",
    constants: { ...steady, ejectBaseMs: 40_000, nobodyKnowsThis: 1, warmUpFrom: 77 },
  });
  await eventually(() => notices.some((text) => text.includes("nobodyKnowsThis")), "it says what it does not know");
  assert.match(
    notices.find((text) => text.includes("routing of"))!,
    /^routing of Test.orders: .*nobodyKnowsThis.*warmUpFrom is 77/,
  );
  assert.deepEqual(latencies(), before);
  const seen = { "0": 0, "1": 0 };
  for (let call = 0; call < 80; call++) seen[(await orders.find({})).id as "0" | "1"]++;
  // Three of four; by a call or two else where the rotation begins, and while the second still warms up.
  assert.ok(Math.abs(seen["0"] - 60) <= 2, JSON.stringify(seen));
});

test("with locality the caller's own host comes first, then its zone, which it learns from the tables, then the others", async () => {
  await using fixture = await setUp(4);
  const { world, ports, caller, untilServedBy } = fixture;
  const [own, near, far, farther] = ports as [number, number, number, number];
  const zoned = [
    { port: near, zone: "a", hostId: "h2" },
    { port: far, zone: "b", hostId: "h3" },
    { port: farther, zone: "b", hostId: "h4" },
  ];
  const policy = { locality: true, constants: steady };
  world.agent.setTable(name, [{ port: own, zone: "a", hostId: "h1" }, ...zoned], policy);
  // The testing agent is on h1.
  await untilServedBy("0");
  world.agent.setTable(name, zoned, policy);
  await eventually(() => caller.explain(name).length === 3, "the own one has left");
  // Nobody says in which zone h1 is.
  await untilServedBy("1", "2", "3");
  world.agent.setTable("Test.other", [{ port: 1, zone: "a", hostId: "h1" }]);
  // Another table says in which zone this host is.
  await untilServedBy("1");
});

test("with locality a process that serves nothing has the zone that its agent says, and follows it", async () => {
  await using fixture = await setUp(2);
  const { world, ports, untilServedBy } = fixture;
  const [one, other] = ports as [number, number];
  const zoned = [
    { port: one, zone: "a", hostId: "h2" },
    { port: other, zone: "b", hostId: "h3" },
  ];
  world.agent.setZone("b");
  world.agent.setTable(name, zoned, { locality: true, constants: steady });
  await untilServedBy("1");
  world.agent.setZone("a");
  await untilServedBy("0");
});
