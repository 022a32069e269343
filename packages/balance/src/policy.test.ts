import assert from "node:assert/strict";
import { test } from "node:test";
import { type Balancer, type BalancerOptions, createBalancer } from "./balancer.ts";
import { constantRanges, constants, constantsWith } from "./constants.ts";
import { Policy } from "./policy.ts";
import type { CallResult, Route } from "./route.ts";
import { settingsFrom } from "./settings.ts";
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

test("locality: of the calls that the sound near ones cannot be expected to carry each goes one step further at once", () => {
  const many = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => routeOf(number, { zone: number <= 4 ? "a" : "b" }));
  const { balancer, clock } = setUp(many, { locality: { hostId: "", zone: "a" } });
  const nearPart = () => {
    const ports = Array.from({ length: 700 }, () => call(balancer));
    return ports.filter((port) => port <= 4).length / ports.length;
  };
  const explained = () =>
    balancer
      .explain()
      .filter(({ port }) => port <= 4)
      .reduce((sum, { share }) => sum + share, 0);
  for (const [dead, part] of [
    [0, 1],
    [1, 1],
    [2, 0.5 / 0.7],
    [3, 0.25 / 0.7],
    [4, 0],
  ] as const) {
    if (dead > 0) {
      balancer.started(routeOf(dead));
      balancer.finished(routeOf(dead), refused);
    }
    assert.ok(Math.abs(explained() - part) < 1e-9, `${dead} of 4 dead: explained ${explained()}`);
    assert.ok(Math.abs(nearPart() - part) < 0.01, `${dead} of 4 dead: ${nearPart()}`);
  }
  assert.equal(clock.ms, 1_000);
});

test("locality: a new one far away gets its part of what is meant for there", () => {
  const far = [routeOf(1, { zone: "b" }), routeOf(2, { zone: "b" })];
  const { balancer } = setUp(far.slice(0, 1), { locality });
  balancer.update(far);
  const counts = count(Array.from({ length: 500 }, () => call(balancer)));
  assert.ok(Math.abs(counts.get(2)! / 500 - 0.2) < 0.02, `${counts.get(2)} of 500, warming`);
});

test("other settings are taken at once and keep what was learned and what is in flight", () => {
  const { balancer } = setUp(near, {});
  for (let turn = 0; turn < 60; turn++) call(balancer);
  balancer.started(routeOf(2));
  const learned = () =>
    balancer.explain().map(({ latencyMs, inFlight, successRatio }) => [latencyMs, inFlight, successRatio]);
  const before = learned();
  balancer.configure({ locality });
  assert.deepEqual([...count(Array.from({ length: 20 }, () => call(balancer))).keys()], [1]);
  balancer.configure({ policy: Policy.consistentHash });
  assert.equal(new Set(Array.from({ length: 20 }, () => call(balancer, good, "same"))).size, 1);
  balancer.configure({ policy: Policy.weightedRoundRobin });
  assert.throws(() => balancer.configure({ constants: { warmUpFrom: 2 } }), /warmUpFrom is 2; it must be in 0.01…1/);
  assert.equal(balancer.explain()[1]!.inFlight, 1);
  assert.equal(learned()[0]![0], before[0]![0]);
});

test("with keys, what is dead is tried with a key of its own only, and a slow one keeps its keys", () => {
  const { balancer, clock } = setUp(ten, { policy: Policy.consistentHash });
  const owner = (key: string) => call(balancer, good, key);
  const mine = keys.filter((key) => owner(key) === 3);
  const others = keys.filter((key) => owner(key) !== 3);
  balancer.started(routeOf(3));
  balancer.finished(routeOf(3), refused);
  clock.ms += 200;
  for (const key of others.slice(0, 100)) assert.notEqual(owner(key), 3);
  assert.equal(owner(mine[0]!), 3);
  for (let turn = 0; turn < 40; turn++) {
    clock.ms += 50;
    call(balancer, { ...good, durationMs: 900 }, mine[turn]!);
  }
  assert.equal(owner(mine[1]!), 3);
});

test("what a table says of its service is taken as far as it can be understood", () => {
  const here = { hostId: "h", zone: "z" };
  const read = (name: string, constants: Record<string, number> = {}, local = false) =>
    settingsFrom({ name, locality: local, constants }, here);
  assert.deepEqual(read("", {}, true), {
    settings: { policy: Policy.adaptive, locality: here, constants: {} },
    problems: [],
  });
  const { settings, problems } = read("of tomorrow", {
    warmUpMs: 100,
    ejectBaseMs: Number.NaN,
    warmUpFrom: -1,
    nothing: 3,
  });
  assert.deepEqual(settings, { policy: undefined, locality: undefined, constants: { warmUpMs: 100 } });
  assert.equal(problems.length, 4);
  for (const problem of problems)
    assert.match(problem, /of tomorrow|ejectBaseMs is NaN|warmUpFrom is -1|named nothing/);
  createBalancer({ now: () => 0, random: () => 0, ...settings });
});

test("constants can be overridden, but not by what is no constant or out of its range, and each has its default within its range", () => {
  const { balancer } = setUp([routeOf(1), routeOf(2)], { constants: { ejectBaseMs: 700 } });
  balancer.started(routeOf(1));
  balancer.finished(routeOf(1), refused);
  assert.equal(balancer.explain()[0]!.retryInMs, 700);
  const create = (overrides: object) => () => setUp([], { constants: overrides });
  assert.throws(create({ ejectMs: 1 }), /no constant named ejectMs/);
  for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(create({ ejectBaseMs: value }), /ejectBaseMs is .*; it must be in 10…60000/);
  }
  for (const [name, [least, most]] of Object.entries(constantRanges)) {
    constantsWith({ ...constants, [name]: least });
    constantsWith({ ...constants, [name]: most });
  }
  assert.deepEqual(constantsWith(constants), constants);
});
