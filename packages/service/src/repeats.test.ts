import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { createTlsIdentity } from "@msec/process";
import { AttemptReason, Code, RpcError } from "@msec/rpc";
import { untilReached } from "@msec/rpc-node/testing/until-reached";
import { OrderService } from "../gen/orders_pb.js";
import { cancellation, notWell, type OrderHandler, OrderWorld, rejection } from "./testing-orders.ts";

// Fails the first so many calls of all its instances together, and notes what each was.
function failing(count: number) {
  const isRetry: boolean[] = [];
  const handler: OrderHandler = (request, context) => {
    isRetry.push(context.isRetry);
    if (isRetry.length <= count) throw notWell();
    return { id: request.id };
  };
  return { isRetry, handlers: [handler, handler, handler] };
}

test("a call of an idempotent method is retried elsewhere, and its handler knows", async () => {
  for (const method of ["find", "cancel"] as const) {
    await using world = await OrderWorld.create();
    const { isRetry, handlers } = failing(2);
    await world.serveAll("Test.orders", handlers);
    const { id } = await world.connect().call(OrderService, "Test.orders")[method]({ id: "7" });
    assert.equal(id, "7");
    assert.deepEqual(isRetry, [false, true, true]);
  }
});

test("each attempt is recorded with its number, the reason for it and the version of the routes", async () => {
  await using world = await OrderWorld.create();
  const { Retry, Moved, Hedge } = AttemptReason;
  const { handlers } = failing(2);
  let isFirst = true;
  const slowAtFirst: OrderHandler = async (_request, context) => {
    if (!isFirst) return {};
    isFirst = false;
    await cancellation(context);
    return {};
  };
  await world.serveAll("Test.failing", handlers);
  await world.serveAll("Test.slow", [slowAtFirst, slowAtFirst]);
  // Nobody listens at the second place, so a call that comes to it goes on to the first.
  const { port } = await world.serve("Test.moved", (request) => ({ id: request.id }));
  world.agent.setRoutes("Test.moved", [port, 1]);
  const caller = world.connect();
  const timeoutMs = 20_000;
  await caller.call(OrderService, "Test.failing", { timeoutMs }).find({ id: "7" });
  await caller.call(OrderService, "Test.slow", { timeoutMs }).find({}, { hedge: { afterMs: 5 } });
  const moved = caller.call(OrderService, "Test.moved", { timeoutMs });
  for (let calls = 0; calls < 40; calls++) await moved.place({ id: "8" });
  await caller.close();
  const madeTo = (service: string) =>
    world.agent
      .spans()
      .filter((span) => span.side === 2 && span.peerService === service)
      .sort((a, b) => a.attempt - b.attempt)
      .map(({ attempt, attemptReason, routeVersion }) => [attempt, attemptReason, routeVersion]);
  assert.deepEqual(madeTo("Test.failing"), [
    [0, 0, 1],
    [1, Retry, 1],
    [2, Retry, 1],
  ]);
  assert.deepEqual(madeTo("Test.slow"), [
    [0, 0, 2],
    [1, Hedge, 2],
  ]);
  const others = madeTo("Test.moved").filter(([attempt]) => attempt !== 0);
  assert.ok(others.length > 0);
  for (const other of others) assert.deepEqual(other, [1, Moved, 3]);
});

test("a call is not retried when the IDL does not allow it, when the caller does not want it, and not more than twice", async () => {
  await using world = await OrderWorld.create();
  const { isRetry, handlers } = failing(Number.POSITIVE_INFINITY);
  await world.serveAll("Test.orders", [...handlers, ...handlers]);
  const orders = world.connect().call(OrderService, "Test.orders");
  const counted = async (call: Promise<unknown>) => {
    isRetry.length = 0;
    assert.equal((await rejection(call)).code, Code.Unavailable);
    return isRetry.length;
  };
  assert.equal(await counted(orders.place({})), 1);
  assert.equal(await counted(orders.find({}, { retry: false })), 1);
  assert.equal(await counted(orders.find({}, { isRetry: true })), 1);
  assert.equal(await counted(orders.find({})), 3);
});

test("what is called while serving a retry is marked as one and is not retried", async () => {
  await using world = await OrderWorld.create();
  const { isRetry, handlers } = failing(Number.POSITIVE_INFINITY);
  await world.serveAll("Test.behind", handlers);
  const middle: OrderHandler = (request, context) => context.call(OrderService, "Test.behind").find(request);
  await world.serveAll("Test.middle", [middle, middle, middle]);
  const orders = world.connect().call(OrderService, "Test.middle");
  await rejection(orders.find({}));
  // The first attempt's own call is tried three times; the two retries above it, once each.
  assert.deepEqual(isRetry, [false, true, true, true, true]);
});

test("a call that gets no connection goes to another instance while there is time for it, whatever its method", async () => {
  await using world = await OrderWorld.create();
  const identity = createTlsIdentity("localhost");
  const file = (name: string) => join(world.directory, name);
  await writeFile(file("key.pem"), identity.key);
  await writeFile(file("cert.pem"), identity.certificate);
  await writeFile(file("callee.ini"), "[SRPC]\ntls_key=key.pem\ntls_cert=cert.pem\n");
  await writeFile(file("caller.ini"), "[SRPC]\nconnect_timeout = 600000\n");
  const { port } = await world.serve("Test.orders", (request) => ({ id: request.id }), { config: file("callee.ini") });
  // It takes connections and never says a word: no handshake ends.
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket.on("error", () => {}))).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const hole = (silent.address() as AddressInfo).port;
  world.agent.setTable("Test.orders", [
    { port, weight: 1 },
    { port: hole, weight: 10_000 },
  ]);
  let id = "";
  const call = async (timeoutMs: number) => {
    const before = sockets.length;
    const callTls = { ca: identity.certificate, serverName: "localhost" };
    const caller = world.connect({ config: file("caller.ini"), callTls });
    const answer = await caller
      .call(OrderService, "Test.orders", { timeoutMs })
      .place({ id: "7" })
      .catch((error: RpcError) => {
        assert.equal(error.code, Code.DeadlineExceeded);
        return { id: "" };
      });
    await caller.close({ graceMs: 0 });
    if (sockets.length > before) ({ id } = answer);
  };
  await untilReached(500, call, () => id === "7");
  for (const socket of sockets) socket.destroy();
  silent.close();
});

test("an attempt that takes too long is retried while the call's time lasts", async () => {
  await using world = await OrderWorld.create();
  let calls = 1;
  const canceled: Promise<RpcError>[] = [];
  const slowAtFirst: OrderHandler = async (request, context) => {
    if (++calls > 1) return { id: request.id };
    canceled.push(cancellation(context));
    await canceled.at(-1);
    return {};
  };
  await world.serveAll("Test.orders", [slowAtFirst, slowAtFirst]);
  const orders = world.connect().call(OrderService, "Test.orders");
  // There are connections to both: the first attempt is sent, however busy the machine is when its time is over.
  await Promise.all(Array.from({ length: 20 }, () => orders.place({ id: "1" })));
  calls = 0;
  const { id } = await orders.find({ id: "7" }, { attemptTimeoutMs: 60, timeoutMs: 20_000 });
  assert.equal(id, "7");
  assert.equal((await canceled[0])?.code, Code.DeadlineExceeded);
  const place = async (attemptTimeoutMs: number) => {
    calls = 0;
    assert.equal((await rejection(orders.place({}, { attemptTimeoutMs }))).code, Code.DeadlineExceeded);
  };
  await untilReached(60, place, () => calls > 0);
  // What came after it on both connections would come after a second attempt as well.
  for (let other = 0; other < 4; other++) await orders.find({ id: "8" });
  assert.equal(calls, 5);
});

test("times that are none are refused before anything is sent", async () => {
  await using world = await OrderWorld.create();
  await world.serveAll("Test.orders", [() => ({})]);
  const orders = world.connect().call(OrderService, "Test.orders");
  for (const options of [{ attemptTimeoutMs: 0 }, { hedge: { afterMs: -1 } }, { hedge: { afterMs: Number.NaN } }]) {
    const error = await rejection(orders.find({}, options));
    assert.deepEqual([error.code, error.details.notSent], [Code.InvalidArgument, true]);
  }
});

test("retries stay within 20 % of the calls and ten a second", async () => {
  await using world = await OrderWorld.create();
  const { isRetry, handlers } = failing(Number.POSITIVE_INFINITY);
  await world.serveAll("Test.orders", handlers);
  const orders = world.connect().call(OrderService, "Test.orders", { timeoutMs: 20_000 });
  const begunMs = performance.now();
  await Promise.allSettled(Array.from({ length: 300 }, () => orders.find({})));
  const seconds = (performance.now() - begunMs) / 1_000;
  const retries = isRetry.length - 300;
  assert.ok(retries >= 60, `${retries} retries`);
  assert.ok(retries <= 60 + 10 + 10 * seconds + 1, `${retries} retries in ${seconds} s`);
});

test("a hedged call takes the answer that comes first, and the other handler is told to stop", async () => {
  await using world = await OrderWorld.create();
  const told = Promise.withResolvers<RpcError>();
  const isRetry: boolean[] = [];
  const slowAtFirst: OrderHandler = async (request, context) => {
    isRetry.push(context.isRetry);
    if (context.isRetry || request.id !== "7") return { id: request.id };
    told.resolve(await cancellation(context));
    return { id: "late" };
  };
  await world.serveAll("Test.orders", [slowAtFirst, slowAtFirst]);
  const orders = world.connect().call(OrderService, "Test.orders");
  // There are connections to both: the first attempt is sent, however busy the machine is when its time comes.
  await Promise.all(Array.from({ length: 20 }, () => orders.place({ id: "1" })));
  isRetry.length = 0;
  const { id } = await orders.find({ id: "7" }, { hedge: { afterMs: 30 }, timeoutMs: 20_000 });
  assert.equal(id, "7");
  const reason = await told.promise;
  assert.deepEqual([reason.code, reason.message], [Code.Canceled, "the caller gave the call up"]);
  assert.deepEqual(isRetry.sort(), [false, true]);
});

test("a hedge that fails leaves the call to the first instance", async () => {
  await using world = await OrderWorld.create();
  const hedgeFailed = Promise.withResolvers<void>();
  let calls = 0;
  const handler: OrderHandler = async (request, context) => {
    if (context.isRetry) {
      hedgeFailed.resolve();
      throw new RpcError(Code.NotFound, "no such order");
    }
    calls++;
    await hedgeFailed.promise;
    return { id: request.id };
  };
  await world.serveAll("Test.orders", [handler, handler]);
  const orders = world.connect().call(OrderService, "Test.orders");
  assert.equal((await orders.find({ id: "7" }, { hedge: { afterMs: 10 } })).id, "7");
  assert.equal(calls, 1);
});

test("hedges stay within a tenth of the calls, and methods that may not run twice have none", async () => {
  await using world = await OrderWorld.create();
  let hedges = 0;
  const handler: OrderHandler = async (request, context) => {
    if (context.isRetry) hedges++;
    await new Promise((resolve) => setTimeout(resolve, 40));
    return { id: request.id };
  };
  await world.serveAll("Test.orders", [handler, handler]);
  const orders = world.connect().call(OrderService, "Test.orders", { hedge: { afterMs: 5 }, timeoutMs: 20_000 });
  await Promise.all(Array.from({ length: 100 }, () => orders.find({})));
  assert.ok(hedges >= 1 && hedges <= 10, `${hedges} hedges`);
  hedges = 0;
  await Promise.all(Array.from({ length: 30 }, () => orders.place({})));
  assert.equal(hedges, 0);
});

test("without a time of its own a hedge waits as long as most calls of the method take", async () => {
  await using world = await OrderWorld.create();
  let stuck = false;
  let hedges = 0;
  const handler: OrderHandler = async (request, context) => {
    if (context.isRetry) hedges++;
    else if (stuck) await cancellation(context);
    return { id: request.id };
  };
  await world.serveAll("Test.orders", [handler, handler]);
  const orders = world.connect().call(OrderService, "Test.orders", { hedge: true, timeoutMs: 20_000 });
  for (let i = 0; i < 40; i++) await orders.find({});
  // On a busy machine some of these were hedged: there are calls enough for one more.
  await Promise.all(Array.from({ length: 100 }, () => orders.place({})));
  const before = hedges;
  stuck = true;
  // Nobody but a hedge answers this one.
  assert.equal((await orders.find({ id: "7" })).id, "7");
  assert.equal(hedges, before + 1);
});
