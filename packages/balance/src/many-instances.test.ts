import assert from "node:assert/strict";
import { test } from "node:test";
import { createBalancer } from "./balancer.ts";
import type { Route } from "./route.ts";
import { RouteList } from "./route-list.ts";
import { seededRandom } from "./simulator/random.ts";

const thousand: Route[] = Array.from({ length: 1_000 }, (_, number) => ({
  instanceId: `i${number}`,
  address: "10.0.0.1",
  port: 8_000 + number,
  weight: 100,
}));

// Calls one after the other, 1 ms apart; those to a dead port are refused, and nobody answers there when asked.
function run(calls: number, isDead: (port: number) => boolean) {
  const clock = { ms: 1_000 };
  const asked: Route[] = [];
  const ask = (route: Route) => asked.push(route) > 0;
  const balancer = createBalancer({ now: () => clock.ms, random: seededRandom(3), ask });
  const call = (except?: ReadonlySet<Route>) => {
    for (const route of asked.splice(0)) balancer.asked(route, !isDead(route.port));
    const route = balancer.pick(except)!;
    balancer.started(route);
    clock.ms += 1;
    const ok = !isDead(route.port);
    balancer.finished(route, { ok, durationMs: 1, transportFailed: !ok });
    return route;
  };
  balancer.update(thousand);
  for (let number = 0; number < calls; number++) call();
  return { balancer, call, clock };
}

test("of a thousand with forty alive those forty have nearly all calls, evenly", () => {
  const isDead = (port: number) => port % 25 !== 0;
  const { call } = run(2_000, isDead);
  const counts = new Map<number, number>();
  for (let number = 0; number < 4_000; number++) {
    const { port } = call();
    if (!isDead(port)) counts.set(port, (counts.get(port) ?? 0) + 1);
  }
  const sound = [...counts.values()].reduce((total, count) => total + count, 0);
  assert.equal(counts.size, 40);
  assert.ok(sound > 3_900, `${sound}`);
  assert.ok(Math.max(...counts.values()) < (3 * sound) / 40, `${Math.max(...counts.values())} of ${sound}`);
});

test("where all of a thousand are dead all are tried, not one of them again and again", () => {
  const { call } = run(2_000, () => true);
  const ports = new Set(Array.from({ length: 1_000 }, () => call().port));
  assert.ok(ports.size > 500, `${ports.size}`);
});

test("a repeat goes to one of a thousand that the call has not been to", () => {
  const { call } = run(100, () => false);
  const tried = new Set<Route>();
  for (let number = 0; number < 200; number++) {
    const route = call(tried);
    assert.ok(!tried.has(route));
    tried.add(route);
  }
});

test("a new table keeps what was learned of a thousand, and takes for sound who was in the last one, met or not", () => {
  const { balancer, call } = run(300, (port) => port === 8_000);
  while (balancer.findings().find(({ port }) => port === 8_000)?.leftOut !== true) call();
  const known = new Map(balancer.findings().map(({ port, calls }) => [port, calls]));
  const joining = { ...thousand[0]!, instanceId: "new", port: 9_500 };
  balancer.update(new RouteList([...thousand.toReversed(), joining]));
  assert.deepEqual(new Map(balancer.findings().map(({ port, calls }) => [port, calls])), known);
  const explanations = balancer.explain();
  assert.equal(explanations.length, 1_001);
  const portsIn = (...states: string[]) =>
    explanations.filter((one) => states.includes(one.state)).map(({ port }) => port);
  assert.deepEqual(portsIn("ejected", "probing"), [8_000]);
  assert.deepEqual(portsIn("warming"), [9_500]);
  assert.equal(portsIn("serving").length, 999);
});

test("a thousand balancers of a thousand instances that share the list make no instance before they meet it", () => {
  const list = new RouteList(thousand);
  const random = seededRandom(1);
  const before = process.memoryUsage().heapUsed;
  const balancers = Array.from({ length: 1_000 }, () => {
    const balancer = createBalancer({ now: () => 0, random });
    balancer.update(list);
    balancer.started(balancer.pick()!);
    return balancer;
  });
  // An instance takes some 300 bytes and a balancer's place for one 8: a million instances would be 300 MB.
  const mb = (process.memoryUsage().heapUsed - before) / 2 ** 20;
  assert.ok(mb < 60, `${mb} MB`);
  assert.equal(balancers.length, 1_000);
});

test("an instance to which nothing happens is judged again when the others become better than it was", () => {
  const clock = { ms: 1_000 };
  const balancer = createBalancer({ now: () => clock.ms, random: seededRandom(5) });
  balancer.update(thousand.slice(0, 40));
  const call = (durationMs: number, except?: ReadonlySet<Route>) => {
    const route = balancer.pick(except)!;
    balancer.started(route);
    clock.ms += 10;
    balancer.finished(route, { ok: true, durationMs, transportFailed: false });
    return route;
  };
  const met = new Map(Array.from({ length: 1_000 }, () => call(100)).map((route) => [route.port, route]));
  const left = met.get(8_007)!;
  const stateOf = () => balancer.explain().find(({ port }) => port === left.port)!.state;
  assert.equal(stateOf(), "serving");
  for (let number = 0; number < 4_000; number++) call(1, new Set([left]));
  assert.equal(stateOf(), "suppressed");
});
