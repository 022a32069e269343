import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { WatchRoutesResponseSchema } from "@msec/api/agent/v1/local_pb.js";
import { RouteCache } from "./route-cache.ts";

function setUp() {
  const changed: string[] = [];
  const cache = new RouteCache((service) => changed.push(service));
  const apply = (response: MessageInitShape<typeof WatchRoutesResponseSchema>) =>
    cache.apply(create(WatchRoutesResponseSchema, response));
  return { changed, cache, apply };
}

function table(service: string, version: bigint, ...ports: number[]) {
  return { service, version, routes: ports.map((port) => ({ address: "127.0.0.1", port, weight: 100 })) };
}

const portsOf = (cache: RouteCache, service: string) => cache.find(service)?.map(({ port }) => port);

test("tables replace each other whole, and only changed ones are told of", () => {
  const { cache, apply, changed } = setUp();
  assert.equal(cache.isKnown, false);
  apply({ version: 2n, tables: [table("A.one", 1n, 1, 2), table("A.two", 2n, 3)] });
  apply({ version: 3n, tables: [table("A.one", 3n, 4)] });
  assert.deepEqual([portsOf(cache, "A.one"), portsOf(cache, "A.two")], [[4], [3]]);
  assert.deepEqual(changed, ["A.one", "A.two", "A.one"]);
  assert.equal(cache.version, 3n);
});

test("a table may become empty or be deleted: an operator did it", () => {
  const { cache, apply } = setUp();
  apply({ version: 2n, tables: [table("A.one", 1n, 1), table("A.two", 2n, 3)] });
  apply({ version: 4n, tables: [table("A.one", 3n), { service: "A.two", version: 4n, deleted: true }] });
  assert.deepEqual([portsOf(cache, "A.one"), portsOf(cache, "A.two")], [[], undefined]);
});

test("an agent that knows nothing changes nothing", () => {
  const { cache, apply } = setUp();
  assert.equal(apply({ version: 0n, unknown: true }), false);
  assert.equal(cache.isKnown, false);
  apply({ version: 2n, tables: [table("A.one", 2n, 1)] });
  assert.equal(apply({ version: 0n, unknown: true }), false);
  assert.equal(apply({ version: 0n }), false);
  assert.deepEqual(portsOf(cache, "A.one"), [1]);
  assert.equal(cache.version, 2n);
});

test("a cluster without services is known to have none", () => {
  const { cache, apply } = setUp();
  assert.equal(apply({ version: 0n }), true);
  assert.equal(cache.isKnown, true);
});

test("the tables of a control plane that was restored from a backup replace all, also with an older version", () => {
  const { cache, apply, changed } = setUp();
  apply({ version: 9n, tables: [table("A.one", 8n, 1), table("A.two", 9n, 2)] });
  changed.length = 0;
  assert.equal(apply({ version: 5n, tables: [table("A.one", 5n, 7)] }), true);
  assert.deepEqual([portsOf(cache, "A.one"), portsOf(cache, "A.two"), cache.version], [[7], undefined, 5n]);
  assert.deepEqual(changed.sort(), ["A.one", "A.two"]);
});

test("a process on a host without instances learns its zone from its agent, and who chooses by it looks again", () => {
  const { cache, apply, changed } = setUp();
  const near = { address: "10.0.0.1", port: 1, weight: 100, hostId: "h1", zone: "az1" };
  apply({ version: 1n, tables: [{ service: "A.one", version: 1n, routes: [near] }] });
  assert.deepEqual([cache.zoneOf("h9"), cache.zoneOf("h1")], ["", "az1"]);
  changed.length = 0;
  assert.equal(apply({ version: 1n, zone: "az2" }), true);
  assert.deepEqual([cache.zoneOf("h9"), changed], ["az2", ["A.one"]]);
  assert.equal(apply({ version: 1n, zone: "az2" }), false);
});
