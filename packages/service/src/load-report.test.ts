import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { WatchRoutesResponseSchema } from "@msec/api/agent/v1/local_pb.js";
import { LoadReport } from "./load-report.ts";
import { RouteCache } from "./route-cache.ts";

test("an instance says its calls when they change, and at once and again and again when it leaves routing", () => {
  const routes = new RouteCache(() => {});
  const setRoutes = (version: bigint, ports: number[]) => {
    const table = {
      service: "Test.callee",
      version,
      routes: ports.map((port) => ({ instanceId: "i", address: "10.0.0.1", port })),
    };
    routes.apply(create(WatchRoutesResponseSchema, { tables: [table], version }));
  };
  let load = { inFlight: 1, callsBegun: 1n };
  const report = new LoadReport(() => load, routes, "Test.callee", "10.0.0.1:7963");
  setRoutes(1n, [7963]);
  assert.equal(report.routesChanged(0), false);
  assert.deepEqual(report.due(0), load);
  assert.equal(report.due(10_000), undefined, "the same is said once while it is in routing");
  setRoutes(2n, [7964]);
  assert.equal(report.routesChanged(20_000), true);
  assert.deepEqual(report.due(20_000), load, "also where it is the same");
  assert.equal(report.due(20_050), undefined);
  load = { inFlight: 0, callsBegun: 1n };
  assert.deepEqual(report.due(20_100), load);
  assert.deepEqual(report.due(20_300), load, "somebody waits to hear it twice");
  assert.equal(report.due(200_000), undefined, "not for ever");
  report.forget();
  assert.deepEqual(report.due(200_001), load, "the agent is another one");
  setRoutes(3n, [7963]);
  assert.equal(report.routesChanged(200_002), false);
});
