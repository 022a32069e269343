import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import type { ExternalCodec } from "@msec/rpc-node";
import { OrderService } from "../gen/orders_pb.js";
import { eventually } from "./testing-agent.ts";
import { type OrderHandler, OrderWorld } from "./testing-orders.ts";

const [SERVER, CLIENT] = [1, 2];
const time = { timeoutMs: 20_000 };

// A protocol of somebody else's: a line there, a line back.
const lines: ExternalCodec<string, string> = {
  encode: (text) => Buffer.from(`${text}\n`),
  packetLength: (buffer) => buffer.indexOf(10) + 1,
  decode: (packet) => Buffer.from(packet).toString().trimEnd(),
};

/** Services one after the other, each called over another protocol: JSON over HTTP, SRPC over TCP, over UDP, gRPC, and a protocol of its own at the end. */
async function chain() {
  const world = await OrderWorld.create();
  const odd = createServer((socket) => socket.on("data", (line) => socket.end(`odd ${line}`)));
  odd.listen(0, "127.0.0.1");
  await once(odd, "listening");
  const next: Record<string, OrderHandler> = {
    "Cross.grpc": async (request, context) => {
      const answer = await context.callExternal("Odd.lines", request.id, lines, { method: "Lines.Ask", ...time });
      return { id: request.id, servedBy: answer };
    },
    "Cross.udp": (request, context) => context.call(OrderService, `${at["Cross.grpc"]}@grpc`, time).find(request),
    "Cross.tcp": (request, context) => context.call(OrderService, `${at["Cross.udp"]}@udp`, time).find(request),
    "Cross.http": (request, context) => context.call(OrderService, "Cross.tcp", time).find(request),
  };
  const at: Record<string, string> = {};
  for (const [name, handler] of Object.entries(next)) {
    const { port } = await world.serve(name, handler, { udp: { peers: "private" } });
    at[name] = `127.0.0.1:${port}`;
    world.agent.setRoutes(name, [port]);
  }
  world.agent.setRoutes("Odd.lines", [(odd.address() as { port: number }).port]);
  return { world, at, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]().finally(() => odd.close()) };
}

test("a request over HTTP, TCP, UDP, gRPC and an external protocol is one flow, each span the child of the one before", async () => {
  await using crossing = await chain();
  const { agent } = crossing.world;
  const caller = crossing.world.connect({ name: "Cross.caller" });
  const { result, requestId } = await caller.callJson("Cross.http", "orders.OrderService.Find", { id: "7" }, time);
  assert.deepEqual(result, { id: "7", served_by: "odd 7" });
  const ours = () => agent.spans().filter(({ traceId }) => traceId === requestId);
  // Nine: four hops between ours have two each, the external service records nothing.
  await eventually(() => ours().length >= 9, "all spans of the request");
  const spans = new Map(ours().map((span) => [span.parentSpanId, span]));
  const path: string[] = [];
  let last = "0".repeat(16);
  for (let span = spans.get(last); span !== undefined; span = spans.get(last)) {
    path.push(`${span.side === CLIENT ? "calls" : "serves"} ${span.method} ${span.peerInstance?.replace(/:\d+/, "")}`);
    assert.equal(span.code, 0);
    last = span.spanId;
  }
  const find = "orders.OrderService.Find";
  assert.deepEqual(path, [
    `calls ${find} 127.0.0.1`,
    `serves ${find} 127.0.0.1`,
    `calls ${find} 127.0.0.1`,
    `serves ${find} 127.0.0.1`,
    `calls ${find} 127.0.0.1@udp`,
    `serves ${find} 127.0.0.1`,
    `calls ${find} 127.0.0.1`,
    `serves ${find} 127.0.0.1`,
    "calls Lines.Ask 127.0.0.1",
  ]);
  assert.equal(ours().length, 9);
  assert.equal(ours().filter(({ side }) => side === SERVER).length, 4);
  // The first call to each place waits for its connection, or for the look-up of a socket, whatever it speaks.
  const times = new Map(agent.spanTimes().map((one) => [one.spanId, one]));
  for (const { side, spanId, method, peerInstance } of ours()) {
    const { queueUs, durationUs } = times.get(spanId)!;
    const what = `${method} ${peerInstance}: ${queueUs} of ${durationUs}`;
    assert.ok(side === SERVER || (queueUs > 0 && queueUs <= durationUs), what);
  }
  // Who is called by an address belongs to no route table.
  assert.deepEqual(
    ours()
      .filter(({ side, routeVersion }) => side === CLIENT && routeVersion > 0)
      .map(({ peerService }) => peerService)
      .sort(),
    ["Cross.http", "Cross.tcp", "Odd.lines"],
  );
});

test("the mark of a dyed request goes along over every protocol", async () => {
  await using crossing = await chain();
  const { agent } = crossing.world;
  const caller = crossing.world.connect({ name: "Cross.caller" });
  const { requestId } = await caller.callJson(
    "Cross.http",
    "orders.OrderService.Find",
    { id: "8" },
    { dyed: true, ...time },
  );
  assert.match(requestId, /^[0-9a-f]{32}$/);
  const recorded = (id: string) => agent.logTexts().filter((text) => text === `request: {"id":"${id}"}`).length;
  await eventually(() => recorded("8") === 4, "the request in all four services");
  // From outside: Connect, and gRPC by the same header.
  const url = `http://${crossing.at["Cross.grpc"]}/orders.OrderService/Find`;
  const headers = { "content-type": "application/json", "msec-coloring": "1" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ id: "9" }) });
  assert.equal(answer.status, 200);
  await caller.call(OrderService, `${crossing.at["Cross.grpc"]}@grpc`, time).find({ id: "10" }, { dyed: true });
  await caller.call(OrderService, `${crossing.at["Cross.udp"]}@udp`, time).find({ id: "11" }, { dyed: true });
  await eventually(() => recorded("9") === 1 && recorded("10") === 1 && recorded("11") === 2, "those from outside");
  await caller.call(OrderService, `${crossing.at["Cross.grpc"]}@grpc`, time).find({ id: "12" });
  await caller.close();
  assert.equal(recorded("12"), 0);
});
