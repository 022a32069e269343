import assert from "node:assert/strict";
import { test } from "node:test";
import { OrderService } from "../gen/orders_pb.js";
import { type OrderHandler, OrderWorld } from "./testing-orders.ts";
import { traceHeaders } from "./trace-headers.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const notSampled = `00-${traceId}-b7ad6b7169203331-00`;
const state = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";

/** What the last service of a way says of its request. */
const tell: OrderHandler = (_request, context) => ({
  servedBy: JSON.stringify([context.requestId === traceId, context.sampled, context.traceState]),
});

test("a foreign trace goes on as it came over every protocol: its id, whether it is recorded, its tracestate", async () => {
  await using world = await OrderWorld.create();
  const last = await world.serve("Order.last", tell, { udp: { peers: "private" } });
  const at = `127.0.0.1:${last.port}`;
  const time = { timeoutMs: 30_000 };
  const first = await world.serve("Order.first", async ({ id }, context) => {
    if (id === "json") {
      const { result } = await context.callJson(at, "orders.OrderService.Find", {}, time);
      return { servedBy: (result as { served_by: string }).served_by };
    }
    if (id === "fetch") {
      const url = `http://${at}/orders.OrderService/Find`;
      const headers = { "content-type": "application/json", ...traceHeaders() };
      return (await (await fetch(url, { method: "POST", body: "{}", headers })).json()) as { servedBy: string };
    }
    return await context.call(OrderService, `${at}${id}`, time).find({});
  });
  const ask = async (id: string, headers: Record<string, string>) => {
    const url = `http://127.0.0.1:${first.port}/?methodName=orders.OrderService.Find`;
    const answer = await fetch(url, { method: "POST", body: JSON.stringify({ id }), headers });
    const { resultObj } = (await answer.json()) as { resultObj: { served_by: string } };
    return JSON.parse(resultObj.served_by) as unknown;
  };
  const ways = ["", "@udp", "@grpc", "json", "fetch"];
  for (const way of ways) {
    const told = await ask(way, { traceparent: notSampled, tracestate: state });
    assert.deepEqual(told, [true, false, state], way);
  }
  for (const way of ways) assert.deepEqual(await ask(way, {}), [false, true, ""], `${way} of a request of our own`);
  const [way = ""] = ways;
  const cases: [Record<string, string>, unknown][] = [
    [{ tracestate: state }, [false, true, ""]],
    [{ traceparent: notSampled.toUpperCase(), tracestate: state }, [false, true, ""]],
    [{ traceparent: notSampled.replace("00", "ff"), tracestate: state }, [false, true, ""]],
    [{ traceparent: notSampled, tracestate: `a=${"1".repeat(600)}` }, [true, false, ""]],
    [{ traceparent: notSampled, tracestate: "no member" }, [true, false, ""]],
    [{ traceparent: `${notSampled.replace("00", "01").slice(0, -2)}03-more`, tracestate: state }, [true, true, state]],
  ];
  for (const [headers, told] of cases) assert.deepEqual(await ask(way, headers), told, JSON.stringify(headers));
});

test("outside of a request there is nothing to tell", () => {
  assert.deepEqual(traceHeaders(), {});
});
