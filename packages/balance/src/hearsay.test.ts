import assert from "node:assert/strict";
import { test } from "node:test";
import { type Balancer, createBalancer } from "./balancer.ts";
import type { Hearsay } from "./hearsay.ts";
import { InstanceState, type Route } from "./route.ts";

const good = { ok: true, durationMs: 10, transportFailed: false };
const refused = { ok: false, durationMs: 1, transportFailed: true };

/** A balancer of so many instances at ports 1…n, with a clock in the test's hands. */
function world(instances: number) {
  const clock = { ms: 1_000_000 };
  const balancer = createBalancer({ now: () => clock.ms, random: () => 0.5 });
  const routes = Array.from({ length: instances }, (_, index) => ({
    instanceId: `i${index + 1}`,
    address: "10.0.0.1",
    port: index + 1,
    weight: 100,
  }));
  balancer.update(routes);
  const call = (result = good) => {
    const route = balancer.pick()!;
    balancer.started(route);
    balancer.finished(route, result);
    return route.port;
  };
  return { clock, balancer, routes, call, ports: (calls: number) => Array.from({ length: calls }, () => call()) };
}

function said(port: number, what: Partial<Hearsay> = {}): Hearsay {
  return { address: "10.0.0.1", port, leftOut: false, latencyRatio: 1, successShare: 1, ageMs: 0, voices: 1, ...what };
}

function stateOf(balancer: Balancer, port: number) {
  return balancer.explain().find((explanation) => explanation.port === port)!;
}

function callTo(balancer: Balancer, route: Route, result = good): void {
  balancer.started(route);
  balancer.finished(route, result);
}

test("an instance that others leave out gets no call from one that has not called it, then one call to find out", () => {
  const { balancer, clock, call, ports } = world(3);
  balancer.hear([said(1, { leftOut: true, voices: 2 })]);
  assert.equal(ports(30).includes(1), false);
  assert.match(stateOf(balancer, 1).reason, /^left out by 2 processes of this host; tried in 10000 ms$/);
  clock.ms += 10_000;
  assert.equal(ports(10).filter((port) => port === 1).length > 0, true, "found well, it is back");
  balancer.hear([said(1, { leftOut: true })]);
  clock.ms += 30_000;
  balancer.hear([said(1, { leftOut: true })]);
  assert.equal(stateOf(balancer, 1).state, InstanceState.serving, "and not believed again within the minute");
  clock.ms += 40_000;
  balancer.hear([said(1, { leftOut: true })]);
  assert.equal(stateOf(balancer, 1).state, InstanceState.ejected);
  balancer.hear([]);
  assert.equal(stateOf(balancer, 1).state, InstanceState.serving, "said no more");
  assert.ok(call() > 0);
});

test("a call of one's own that fails confirms what others said", () => {
  const { balancer, clock, routes } = world(2);
  balancer.hear([said(1, { leftOut: true })]);
  clock.ms += 10_000;
  callTo(balancer, routes[0]!, refused);
  assert.match(stateOf(balancer, 1).reason, /^1 transport failure/);
  assert.equal(balancer.findings().find(({ port }) => port === 1)!.leftOut, true);
});

test("where instances can be asked, hearsay is asked about at once, and what is asked is a finding", () => {
  const clock = { ms: 1_000_000 };
  const asked: Route[] = [];
  const ask = (route: Route) => asked.push(route) > 0;
  const balancer = createBalancer({ now: () => clock.ms, random: () => 0.5, ask });
  const routes = [1, 2, 3, 4].map((port) => ({ instanceId: `i${port}`, address: "10.0.0.1", port, weight: 100 }));
  balancer.update(routes);
  balancer.hear([said(1, { leftOut: true }), said(2, { leftOut: true })]);
  assert.notEqual(balancer.pick()?.port, 1);
  assert.deepEqual(
    asked.map(({ port }) => port),
    [1, 2],
  );
  assert.match(stateOf(balancer, 1).reason, /^left out by another process of this host; it is being asked/);
  balancer.asked(asked[0]!, true);
  balancer.asked(asked[1]!, false);
  assert.deepEqual(
    [stateOf(balancer, 1).state, stateOf(balancer, 2).state],
    [InstanceState.serving, InstanceState.ejected],
  );
  const findings = balancer.findings();
  assert.deepEqual(
    findings.map(({ port, leftOut, calls }) => [port, leftOut, calls]),
    [
      [1, false, 1],
      [2, true, 1],
    ],
  );
  balancer.hear([said(1, { leftOut: true })]);
  assert.equal(
    stateOf(balancer, 1).state,
    InstanceState.serving,
    "what said otherwise is not believed again for a while",
  );
});

test("what one has seen oneself in the last ten seconds counts, whatever others say", () => {
  const { balancer, clock, routes, ports } = world(2);
  callTo(balancer, routes[0]!);
  balancer.hear([said(1, { leftOut: true, latencyRatio: 50, successShare: 0 })]);
  assert.equal(stateOf(balancer, 1).share, 0.5);
  assert.ok(ports(10).includes(1));
  clock.ms += 9_999;
  assert.equal(stateOf(balancer, 1).share, 0.5);
});

test("hearsay takes at most three quarters of a share, and fades with age", () => {
  const { balancer, clock } = world(2);
  balancer.hear([said(1, { latencyRatio: 1e300, successShare: 0 })]);
  assert.ok(Math.abs(stateOf(balancer, 1).share - 0.2) < 1e-9, "1/4 : 1");
  assert.match(stateOf(balancer, 1).reason, /^another process of this host says: /);
  clock.ms += 5_000;
  assert.ok(Math.abs(stateOf(balancer, 1).share - 1 / 3) < 1e-9, "1/2 : 1");
  clock.ms += 5_000;
  assert.equal(stateOf(balancer, 1).share, 0.5);
  balancer.hear([said(1, { latencyRatio: 1.2, successShare: 0.95 })]);
  assert.equal(stateOf(balancer, 1).share, 0.5, "as good as the others");
});

test("hearsay leaves out at most half of the instances", () => {
  const { balancer, ports } = world(5);
  const all = [1, 2, 3, 4, 5].map((port) => said(port, { leftOut: true }));
  balancer.hear(all);
  balancer.hear(all);
  assert.equal(new Set(ports(50)).size, 3);
});

test("what is no number, or stale, says nothing", () => {
  const { balancer } = world(2);
  for (const bad of [
    { ageMs: Number.NaN },
    { ageMs: -1 },
    { ageMs: 20_000 },
    { latencyRatio: Number.NaN },
    { successShare: 1e308 },
    { successShare: -1 },
  ]) {
    balancer.hear([said(1, { leftOut: true, latencyRatio: 9, ...bad })]);
    assert.equal(stateOf(balancer, 1).share, 0.5, JSON.stringify(bad));
  }
});

test("findings are of own calls only, relative to the better instances", () => {
  const { balancer, routes, clock } = world(3);
  balancer.hear([said(3, { leftOut: true })]);
  for (let turn = 0; turn < 40; turn++) {
    callTo(balancer, routes[0]!, { ...good, durationMs: 9 });
    callTo(balancer, routes[1]!, { ...good, durationMs: 49 });
  }
  clock.ms += 250;
  const findings = balancer.findings();
  assert.deepEqual(
    findings.map(({ port, calls, ageMs, leftOut }) => ({ port, calls, ageMs, leftOut })),
    [
      { port: 1, calls: 40, ageMs: 250, leftOut: false },
      { port: 2, calls: 40, ageMs: 250, leftOut: false },
    ],
  );
  assert.equal(findings[0]!.latencyRatio, 1);
  assert.ok(Math.abs(findings[1]!.latencyRatio - 5) < 0.1);
});
