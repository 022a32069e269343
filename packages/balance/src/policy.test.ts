import assert from "node:assert/strict";
import { test } from "node:test";
import { type Balancer, type BalancerOptions, createBalancer } from "./balancer.ts";
import { Policy } from "./policy.ts";
import type { CallResult, Route } from "./route.ts";
import { seededRandom } from "./simulator/random.ts";

const good: CallResult = { ok: true, durationMs: 5, transportFailed: false };
const refused: CallResult = { ok: false, durationMs: 0.3, transportFailed: true };

function routeOf(number: number, more: Partial<Route> = {}): Route {
  return { instanceId: `i${number}`, address: "10.0.0.1", port: number, weight: 100, ...more };
}

function setUp(routes: readonly Route[], options: Partial<BalancerOptions>) {
  const clock = { ms: 1_000 };
  const balancer = createBalancer({ now: () => clock.ms, random: seededRandom(3), ...options });
  balancer.update(routes);
  return { clock, balancer };
}

function call(balancer: Balancer, result = good, key?: string): number {
  const route = balancer.pick(undefined, key)!;
  balancer.started(route);
  balancer.finished(route, result);
  return route.port;
}

function count(ports: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const port of ports) counts.set(port, (counts.get(port) ?? 0) + 1);
  return counts;
}

test("weighted round robin follows the weights exactly and smoothly, whatever the latency", () => {
  const { balancer, clock } = setUp([routeOf(1, { weight: 300 }), routeOf(2)], { policy: Policy.weightedRoundRobin });
  const ports = Array.from({ length: 400 }, () => {
    clock.ms += 20;
    const route = balancer.pick()!;
    balancer.started(route);
    balancer.finished(route, { ...good, durationMs: route.port === 1 ? 900 : 1 });
    return route.port;
  });
  assert.equal(count(ports).get(2), 100);
  assert.doesNotMatch(ports.join(""), /22/);
});

test("weighted round robin leaves out what is dead", () => {
  const { balancer } = setUp([routeOf(1), routeOf(2)], { policy: Policy.weightedRoundRobin });
  balancer.started(routeOf(1));
  balancer.finished(routeOf(1), refused);
  assert.deepEqual([...count(Array.from({ length: 20 }, () => call(balancer))).keys()], [2]);
});

const keys = Array.from({ length: 2_000 }, (_, number) => `user-${number}`);
const ten = Array.from({ length: 10 }, (_, number) => routeOf(number + 1));

test("consistent hash sends a key to the same instance from every caller, and all keys about evenly", () => {
  const first = setUp(ten, { policy: Policy.consistentHash });
  const other = setUp([...ten].reverse(), { policy: Policy.consistentHash, random: seededRandom(99) });
  const ports = keys.map((key) => call(first.balancer, good, key));
  assert.deepEqual(
    keys.map((key) => call(other.balancer, good, key)),
    ports,
  );
  for (const calls of count(ports).values()) assert.ok(calls > 100 && calls < 330, `${calls} of 2,000 keys`);
});

test("an instance that leaves or dies moves only its own keys", () => {
  const { balancer } = setUp(ten, { policy: Policy.consistentHash });
  const before = keys.map((key) => call(balancer, good, key));
  balancer.update(ten.slice(1));
  const after = keys.map((key) => call(balancer, good, key));
  for (const [position, port] of before.entries()) if (port !== 1) assert.equal(after[position], port);
  balancer.started(routeOf(2));
  balancer.finished(routeOf(2), refused);
  for (const [position, key] of keys.entries()) {
    const port = balancer.pick(undefined, key)!.port;
    assert.notEqual(port, 2);
    if (after[position] !== 2) assert.equal(port, after[position]);
  }
});

test("a key that everybody wants is spread once its instance has 1.25 times the mean in flight", () => {
  const { balancer } = setUp(ten, { policy: Policy.consistentHash });
  for (let out = 0; out < 200; out++) balancer.started(balancer.pick(undefined, "hot")!);
  for (const { inFlight } of balancer.explain()) assert.ok(inFlight <= 26, `${inFlight} in flight`);
});

const near = [
  routeOf(1, { hostId: "here", zone: "a" }),
  routeOf(2, { hostId: "next", zone: "a" }),
  routeOf(3, { hostId: "far", zone: "b" }),
];
const locality = { hostId: "here", zone: "a" };

test("locality: the same host first, then the same zone, then elsewhere", () => {
  const { balancer } = setUp(near, { locality });
  for (const [number, next] of [
    [1, 2],
    [2, 3],
  ] as const) {
    assert.deepEqual([...count(Array.from({ length: 50 }, () => call(balancer))).keys()], [number]);
    balancer.started(routeOf(number));
    balancer.finished(routeOf(number), refused);
    assert.equal(call(balancer), next);
  }
});

test("locality: calls spill over once the near one is busy", () => {
  const { balancer } = setUp(near, { locality });
  for (let out = 0; out < 30; out++) balancer.started(balancer.pick()!);
  const [here, next, far] = balancer.explain().map(({ inFlight }) => inFlight);
  assert.ok(here! > next! && next! > far! && far! > 0, `${here} ${next} ${far}`);
});

test("locality: of a thousand the three near ones are found", () => {
  const thousand = Array.from({ length: 1_000 }, (_, number) => routeOf(number + 1, { zone: number < 3 ? "a" : "b" }));
  const { balancer } = setUp(thousand, { locality });
  const counts = count(Array.from({ length: 300 }, () => call(balancer)));
  assert.deepEqual([...counts.keys()].sort(), [1, 2, 3]);
});

test("locality changes nothing for a caller that does not know where it is", () => {
  const { balancer } = setUp(near, { locality: { hostId: "", zone: "" } });
  assert.deepEqual([...count(Array.from({ length: 30 }, () => call(balancer))).values()], [10, 10, 10]);
});

test("constants can be overridden, but not by what is no constant or no number", () => {
  const { balancer } = setUp([routeOf(1), routeOf(2)], { constants: { ejectBaseMs: 700 } });
  balancer.started(routeOf(1));
  balancer.finished(routeOf(1), refused);
  assert.equal(balancer.explain()[0]!.retryInMs, 700);
  const create = (constants: object) => () => setUp([], { constants });
  assert.throws(create({ ejectMs: 1 }), /no constant named ejectMs/);
  for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(create({ ejectBaseMs: value }), /ejectBaseMs is .*; it must be a finite number > 0/);
  }
});
