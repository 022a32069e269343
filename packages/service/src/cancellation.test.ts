import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createTlsIdentity, UserError } from "@msec/process";
import { Code, type RpcError } from "@msec/rpc";
import { untilReached } from "@msec/rpc-node/testing/until-reached";
import { OrderService } from "../gen/orders_pb.js";
import { serve } from "./serve.ts";
import { eventually } from "./testing-agent.ts";
import { cancellation, type OrderHandler, OrderWorld, rejection } from "./testing-orders.ts";

// Notes why its handlers were told to stop; each ends when it is.
function waiting() {
  const reasons: RpcError[] = [];
  const entered: (() => void)[] = [];
  const handler: OrderHandler = async (_, context) => {
    entered.shift()?.();
    reasons.push(await cancellation(context));
    return {};
  };
  const next = () => new Promise<void>((resolve) => entered.push(resolve));
  return { reasons, handler, next };
}

test("a handler hears that its caller gave up: by signal, by deadline, by going away", async () => {
  await using world = await OrderWorld.create();
  const { reasons, handler, next } = waiting();
  await world.serveAll("Test.orders", [handler]);
  const caller = world.connect();
  const orders = caller.call(OrderService, "Test.orders");
  const giveUp = new AbortController();
  const entered = next();
  const abandoned = rejection(orders.place({}, { signal: giveUp.signal, timeoutMs: 20_000 }));
  await entered;
  giveUp.abort();
  assert.equal((await abandoned).code, Code.Canceled);
  await eventually(() => reasons.length === 1, "told by signal");
  assert.equal(reasons[0]?.message, "the caller gave the call up");
  let isEntered = false;
  void next().then(() => {
    isEntered = true;
  });
  const late = async (timeoutMs: number) => {
    assert.equal((await rejection(orders.place({}, { timeoutMs }))).code, Code.DeadlineExceeded);
  };
  await untilReached(50, late, () => isEntered);
  await eventually(() => reasons.length >= 2, "told by deadline");
  assert.equal(reasons[1]?.code, Code.DeadlineExceeded);
  const third = next();
  const cut = rejection(orders.place({}, { timeoutMs: 20_000 }));
  await third;
  await caller.close({ graceMs: 0 });
  await cut;
  await eventually(
    () => reasons.at(-1)?.message === "the caller closed the connection",
    "told by the end of the connection",
  );
});

test("giving up travels on through a handler to what it calls", async () => {
  await using world = await OrderWorld.create();
  const { reasons, handler, next } = waiting();
  await world.serveAll("Test.behind", [handler]);
  await world.serveAll("Test.front", [(request, context) => context.call(OrderService, "Test.behind").place(request)]);
  const giveUp = new AbortController();
  const entered = next();
  const orders = world.connect().call(OrderService, "Test.front");
  const call = rejection(orders.place({}, { signal: giveUp.signal, timeoutMs: 20_000 }));
  await entered;
  giveUp.abort();
  await call;
  await eventually(() => reasons.length === 1, "told at the end of the chain");
  assert.equal(reasons[0]?.code, Code.Canceled);
});

test("a deadline shrinks from hop to hop, and every span has what was left of it", async () => {
  await using world = await OrderWorld.create();
  const left: number[] = [];
  const passOn =
    (to: string): OrderHandler =>
    async (request, context) => {
      left.push(context.remainingMs());
      // By the clock of deadlines: a timer may be a little early by it, where its turn of the loop began late.
      for (const endMs = performance.now() + 30; performance.now() < endMs; ) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return context.call(OrderService, to, { timeoutMs: 60_000 }).place(request);
    };
  const last: OrderHandler = (_, context) => {
    left.push(context.remainingMs());
    return {};
  };
  await world.serveAll("Test.third", [last]);
  await world.serveAll("Test.second", [passOn("Test.third")]);
  await world.serveAll("Test.first", [passOn("Test.second")]);
  await world.connect().call(OrderService, "Test.first").place({}, { timeoutMs: 30_000 });
  assert.equal(left.length, 3);
  // A deadline travels in whole milliseconds.
  const limits = [30_001, left[0]! - 28, left[1]! - 28];
  for (const [hop, leftMs] of left.entries()) assert.ok(leftMs > 0 && leftMs <= limits[hop]!, `hop ${hop}: ${leftMs}`);
  await eventually(() => world.agent.deadlines().length === 6, "all spans are reported");
  const [first, ...further] = world.agent.deadlines().sort((a, b) => b - a);
  assert.ok(first! <= 30_000 && first! > 5_000, `${first}`);
  assert.ok(further.every((deadlineMs) => deadlineMs > 0 && deadlineMs <= 30_000));
  assert.ok(further.at(-1)! <= 30_000 - 56, `${further}`);
});

test("metadata goes both ways, and what could not be sent is refused by name", async () => {
  await using world = await OrderWorld.create();
  const handler: OrderHandler = (request, context) => {
    context.reply.metadata["served-for"] = context.metadata.tenant ?? "";
    context.reply.trailers.took = "7 ms";
    if (request.id === "bad") context.reply.metadata["Not A Key"] = "x";
    if (request.id === "none") throw Object.assign(new Error("internal"));
    return {};
  };
  await world.serveAll("Test.orders", [handler]);
  const orders = world.connect().call(OrderService, "Test.orders");
  const replies: Readonly<Record<string, string>>[] = [];
  const onReply = (metadata: Readonly<Record<string, string>>) => replies.push(metadata);
  await orders.find({}, { metadata: { tenant: "张三" }, onReply });
  assert.deepEqual({ ...replies[0] }, { "served-for": "张三", took: "7 ms" });
  await rejection(orders.find({ id: "none" }, { metadata: { tenant: "b" }, onReply }));
  assert.equal(replies[1]?.["served-for"], "b");
  const error = await rejection(orders.find({ id: "bad" }, { onReply }));
  assert.equal(error.code, Code.Internal);
  assert.match(error.message, /metadata key "Not A Key"/);
  for (const [metadata, text] of [
    [{ "": "x" }, /must be 1…128 characters/],
    [{ Tenant: "x" }, /"Tenant" must be/],
    [{ "grpc-timeout": "x" }, /reserved/],
    [{ tenant: "x".repeat(20_000) }, /at most 64 with 16384/],
  ] as const) {
    const refused = await rejection(orders.find({}, { metadata }));
    assert.equal(refused.code, Code.InvalidArgument);
    assert.match(refused.message, text);
  }
});

test("a service with tls_key, tls_cert and tls_client_ca is called by those whose certificate it knows", async () => {
  await using world = await OrderWorld.create();
  const [server, client, stranger] = ["localhost", "client", "stranger"].map((name) => createTlsIdentity(name));
  const file = (name: string) => join(world.directory, name);
  await writeFile(file("key.pem"), server!.key);
  await writeFile(file("cert.pem"), server!.certificate);
  await writeFile(file("callers.pem"), client!.certificate);
  const config = file("config.ini");
  await writeFile(config, "[SRPC]\ntls_key=key.pem\ntls_cert=cert.pem\ntls_client_ca=callers.pem\n");
  const certificates: unknown[] = [];
  const handler: OrderHandler = (request, context) => {
    certificates.push(context.peerCertificate);
    return { id: request.id };
  };
  const { port } = await world.serve("Test.orders", handler, { config });
  world.agent.setRoutes("Test.orders", [port]);
  const trusting = { ca: server!.certificate, serverName: "localhost" };
  const known = { ...trusting, key: client!.key, cert: client!.certificate };
  const caller = world.connect({ callTls: (target) => (target === "Test.orders" ? known : undefined) });
  assert.equal((await caller.call(OrderService, "Test.orders").find({ id: "7" })).id, "7");
  const { result } = await caller.callJson("Test.orders", "orders.OrderService.Find", { id: "8" });
  assert.equal((result as { id: string }).id, "8");
  assert.equal(certificates.length, 2);
  const refused = [
    [{ ...trusting, key: stranger!.key, cert: stranger!.certificate }, Code.Unauthenticated],
    [trusting, Code.Unauthenticated],
    [undefined, Code.FailedPrecondition],
  ] as const;
  for (const [callTls, code] of refused) {
    const other = world.connect({ callTls });
    const error = await rejection(other.call(OrderService, "Test.orders").find({}));
    assert.equal(error.code, code);
  }
  assert.equal(certificates.length, 2);
});

test("TLS that cannot be is said in one sentence", async () => {
  await using world = await OrderWorld.create();
  const config = join(world.directory, "config.ini");
  const handlers = { find: () => ({}), cancel: () => ({}), place: () => ({}) };
  for (const [lines, text] of [
    ["tls_key=k.pem", /tls_cert is missing/],
    ["tls_client_ca=c.pem", /needs tls_key and tls_cert/],
    ["tls_key=k.pem\ntls_cert=c.pem", /tls_key: .*k\.pem cannot be read/],
    ["tls_key=config.ini\ntls_cert=config.ini", /cannot be used/],
  ] as const) {
    await writeFile(config, `[SRPC]\n${lines}\n`);
    assert.throws(
      () => serve(OrderService, handlers, { name: "Test.orders", agent: false, config, stopOnSignal: false }),
      (error) => error instanceof UserError && text.test(error.message),
    );
  }
});
