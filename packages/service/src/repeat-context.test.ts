import assert from "node:assert/strict";
import { test } from "node:test";
import { OrderService } from "../gen/orders_pb.js";
import { notWell, type OrderHandler, OrderWorld } from "./testing-orders.ts";

test("what is repeated belongs to the request that made the call, not to the one that opened the connection", async () => {
  await using world = await OrderWorld.create();
  const seen: { id: string; requestId: string }[] = [];
  // The first attempt for each order fails.
  const failing: OrderHandler = ({ id }, context) => {
    seen.push({ id, requestId: context.requestId });
    if (seen.filter((one) => one.id === id).length === 2) throw notWell();
    return { id };
  };
  await world.serveAll("Test.orders", [failing, failing]);
  const front: OrderHandler = async ({ id }, context) => {
    seen.push({ id, requestId: context.requestId });
    return await context.call(OrderService, "Test.orders", { timeoutMs: 20_000 }).find({ id });
  };
  await world.serveAll("Test.front", [front]);
  const caller = world.connect().call(OrderService, "Test.front", { timeoutMs: 20_000 });
  // One after the other: all use the connections that the first ones opened.
  const ids = ["1", "2", "3", "4", "5", "6"];
  for (const id of ids) await caller.place({ id });
  for (const id of ids) {
    const own = seen.filter((one) => one.id === id).map(({ requestId }) => requestId);
    assert.equal(own.length, 3, `order ${id} at the front and twice behind it`);
    assert.equal(new Set(own).size, 1, `order ${id} is one request`);
  }
});

test("a call that no request makes is one request too, however often it is repeated", async () => {
  await using world = await OrderWorld.create();
  const seen: string[] = [];
  const failing: OrderHandler = (_request, context) => {
    seen.push(context.requestId);
    if (seen.length % 2 === 1) throw notWell();
    return {};
  };
  await world.serveAll("Test.orders", [failing, failing]);
  const program = world.connect({ name: "Test.program" });
  const orders = program.call(OrderService, "Test.orders", { timeoutMs: 20_000 });
  await orders.find({});
  await orders.find({});
  assert.deepEqual([seen[0], seen[2]], [seen[1], seen[3]]);
  assert.equal(new Set(seen).size, 2);
});
