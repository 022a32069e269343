import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { RouteTableSchema } from "../../gen/msec/agent/v1/common_pb.js";
import { RouteDeltaSchema } from "../../gen/msec/agent/v1/control_pb.js";
import { applyRouteDelta, routeDelta } from "./route-delta.ts";
import { combineDigests, routeTableDigest } from "./route-digest.ts";

const table = (version: bigint, ports: number[], more: MessageInitShape<typeof RouteTableSchema> = {}) =>
  create(RouteTableSchema, {
    service: "Flight.mod_flight",
    version,
    routes: ports.map((port) => ({ instanceId: `i${port}`, address: "10.0.0.1", port, weight: 100, hostId: "h" })),
    ...more,
  });
const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

test("every field of a table and of a route changes its digest, the order of the routes does not", () => {
  const base = table(7n, ten);
  const others = [
    table(8n, ten),
    table(7n, ten.slice(1)),
    table(7n, ten, { service: "Flight.mod_flighu" }),
    table(7n, ten, { policy: {} }),
    table(7n, ten, { policy: { constants: { warmUpMs: 1 } } }),
    table(7n, ten, { policy: { constants: { warmUpMs: 2 } } }),
    ...[{ weight: 99 }, { port: 11 }, { address: "10.0.0.2" }, { hostId: "g" }, { zone: "a" }, { transport: 2 }].map(
      (change) => {
        const changed = table(7n, ten);
        Object.assign(changed.routes[3]!, change);
        return changed;
      },
    ),
  ];
  const digests = [base, ...others].map(routeTableDigest);
  assert.equal(new Set(digests).size, digests.length);
  assert.equal(routeTableDigest(table(7n, ten.toReversed())), digests[0]);
  assert.equal(routeTableDigest(table(7n, ten, { deleted: true })), 0n);
  assert.equal(combineDigests([]), 0n);
  assert.notEqual(combineDigests([5n, 5n]), 0n, "0 stands for not given");
});

test("a delta leads from one version to the other, and is not used where the whole table is shorter", () => {
  const from = table(7n, ten);
  const to = table(9n, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  to.routes[2]!.weight = 50;
  const delta = routeDelta(from, to);
  assert.deepEqual([delta?.removed, delta?.changed?.map(({ port }) => port)], [["i1"], [4, 11]]);
  const applied = applyRouteDelta(from, create(RouteDeltaSchema, delta!));
  assert.deepEqual(applied, to);
  assert.equal(routeTableDigest(applied), routeTableDigest(to));
  assert.equal(routeDelta(from, table(9n, [20, 21, 22])), undefined);
  assert.equal(routeDelta(from, table(9n, ten, { policy: { locality: true } })), undefined);
  assert.equal(routeDelta(from, table(9n, [], { deleted: true })), undefined);
});

test("a delta for another version, or one that takes away what is not there, is refused", () => {
  const delta = create(RouteDeltaSchema, { service: "A1.b1", fromVersion: 6n, version: 8n });
  assert.throws(() => applyRouteDelta(table(7n, ten), delta), /to version 6, and ours is 7/);
  const stranger = create(RouteDeltaSchema, { service: "A1.b1", fromVersion: 7n, version: 8n, removed: ["nobody"] });
  assert.throws(() => applyRouteDelta(table(7n, ten), stranger), /nobody/);
});
