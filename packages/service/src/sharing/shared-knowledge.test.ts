import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { ExchangeResponseSchema } from "@msec/api/agent/v1/sharing_pb.js";
import { createBalancer } from "@msec/balance";
import { SharedKnowledge } from "./shared-knowledge.ts";

const SERVICE = "Login.mod_user";
const good = { ok: true, durationMs: 5, transportFailed: false };

function world(instances: number) {
  const clock = { ms: 1_000 };
  const now = () => clock.ms;
  const balancer = createBalancer({ now, random: () => 0.5 });
  const routes = Array.from({ length: instances }, (_, port) => ({
    instanceId: `i${port}`,
    address: "10.0.0.1",
    port: port + 1,
    weight: 100,
  }));
  balancer.update(routes);
  const shared = new SharedKnowledge(() => [[SERVICE, balancer]], now);
  const callAll = () => {
    for (const route of routes) {
      balancer.started(route);
      balancer.finished(route, good);
    }
  };
  const ports = () => shared.collect().flatMap(({ findings }) => findings.map(({ port }) => port));
  return { clock, balancer, shared, callAll, ports };
}

test("told is what changed since the last time, and everything to an agent that is new", () => {
  const { shared, callAll, ports } = world(3);
  assert.deepEqual(ports(), []);
  callAll();
  assert.deepEqual(ports(), [1, 2, 3]);
  assert.deepEqual(ports(), []);
  shared.forget();
  assert.deepEqual(ports(), [1, 2, 3]);
});

test("of many that changed 256 are told at once, the others after them", () => {
  const { callAll, ports } = world(600);
  callAll();
  const rounds = [ports(), ports(), ports(), ports()];
  assert.deepEqual(
    rounds.map(({ length }) => length),
    [256, 256, 88, 0],
  );
  assert.equal(new Set(rounds.flat()).size, 600);
});

test("what was heard reaches the balancers at once, ages, and is there for a service that is called later", () => {
  const { clock, balancer, shared } = world(2);
  const hearsay = [{ address: "10.0.0.1", port: 2, leftOut: true, successShare: 1, ageMs: 500, voices: 1 }];
  shared.take(create(ExchangeResponseSchema, { services: [{ service: SERVICE, hearsay }] }));
  assert.deepEqual(
    balancer.explain().map(({ state }) => state),
    ["serving", "ejected"],
  );
  clock.ms += 1_500;
  assert.equal(shared.hearsayOf(SERVICE)[0]?.ageMs, 2_000);
  shared.take(create(ExchangeResponseSchema, {}));
  assert.deepEqual(
    balancer.explain().map(({ state }) => state),
    ["serving", "serving"],
  );
  assert.deepEqual(shared.hearsayOf(SERVICE), []);
});
