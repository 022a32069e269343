import assert from "node:assert/strict";
import { test } from "node:test";
import { createBalancer } from "./balancer.ts";
import type { CallResult, Route } from "./route.ts";
import { seededRandom } from "./simulator/random.ts";

const good: CallResult = { ok: true, durationMs: 5, transportFailed: false };
const refused: CallResult = { ok: false, durationMs: 0.3, transportFailed: true };
const hung: CallResult = { ok: false, durationMs: 200, transportFailed: false };

function routeOf(number: number): Route {
  return { instanceId: `i${number}`, address: "10.0.0.1", port: number, weight: 100 };
}

/** A balancer of three instances whose questions are noted; calls are made one after the other, 10 ms apart. */
function setUp(mayAsk = () => true) {
  const clock = { ms: 1_000 };
  const asked: { port: number; atMs: number }[] = [];
  const balancer = createBalancer({
    now: () => clock.ms,
    random: seededRandom(3),
    ask: ({ port }) => mayAsk() && asked.push({ port, atMs: clock.ms }) > 0,
  });
  balancer.update([1, 2, 3].map(routeOf));
  const end = (port: number, result: CallResult) => {
    balancer.started(routeOf(port));
    balancer.finished(routeOf(port), result);
  };
  const call = () => {
    clock.ms += 10;
    const route = balancer.pick()!;
    balancer.started(route);
    balancer.finished(route, good);
    return route.port;
  };
  const calls = (count: number) => Array.from({ length: count }, call);
  return { balancer, clock, asked, end, call, calls, of: (port: number) => balancer.explain()[port - 1]! };
}

test("what cannot be reached is asked and not tried with calls, twice as late each time up to two seconds, and is back at once when it answers", () => {
  const { balancer, asked, end, calls, clock, of } = setUp();
  end(1, refused);
  const waits: number[] = [];
  for (let turn = 0; turn < 8; turn++) {
    const fromMs = clock.ms;
    const seen = asked.length;
    while (asked.length === seen) assert.ok(!calls(1).includes(1));
    waits.push(clock.ms - fromMs);
    assert.equal(of(1).state, "probing");
    assert.match(of(1).reason, /being asked whether it is there/);
    balancer.asked(routeOf(1), false);
    assert.match(of(1).reason, /asked again in \d+ ms whether it is there/);
  }
  for (const [turn, wait] of [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000].entries()) {
    assert.ok(wait >= waits[turn]! - 110 && waits[turn]! >= wait, `${waits}`);
  }
  const seen = asked.length;
  while (asked.length === seen) calls(1);
  balancer.asked(routeOf(1), true);
  assert.equal(of(1).state, "warming");
  assert.ok(calls(30).includes(1));
});

test("an instance with a call out and no answer is asked after 250 ms, and out when nobody answers", () => {
  const { balancer, asked, calls, of } = setUp();
  calls(30);
  balancer.started(routeOf(2));
  assert.equal(calls(24).length, 24);
  assert.deepEqual(asked, []);
  calls(20);
  assert.deepEqual(
    asked.map(({ port }) => port),
    [2],
  );
  balancer.asked(routeOf(2), false);
  assert.equal(of(2).state, "ejected");
  balancer.finished(routeOf(2), hung);
  assert.equal(of(2).failuresInRow, 1, "the late failure of a call tells nothing new");
});

test("one that answers while its call takes long is asked less and less, and keeps its place", () => {
  const { balancer, asked, calls, of } = setUp();
  calls(30);
  balancer.started(routeOf(2));
  for (let turn = 0; turn < 1_000; turn++) {
    const seen = asked.length;
    calls(1);
    if (asked.length > seen) balancer.asked(routeOf(2), true);
  }
  assert.equal(of(2).state, "serving");
  assert.ok(asked.length >= 4 && asked.length <= 6, `${asked.length} times in ten seconds`);
});

test("calls that hang eject; while nobody answers none tries it, and when somebody does one call has to find out", () => {
  const { balancer, asked, end, calls, clock, of } = setUp();
  calls(30);
  for (let turn = 0; turn < 3; turn++) end(1, hung);
  assert.equal(of(1).state, "ejected");
  for (let turn = 0; turn < 3; turn++) {
    const seen = asked.length;
    while (asked.length === seen) assert.ok(!calls(1).includes(1));
    balancer.asked(routeOf(1), false);
  }
  const seen = asked.length;
  while (asked.length === seen) calls(1);
  balancer.asked(routeOf(1), true);
  assert.notEqual(of(1).state, "ejected", "it was gone, and is back");
  const fromMs = clock.ms;
  for (let turn = 0; turn < 3; turn++) end(1, hung);
  while (asked.length === seen + 1) calls(1);
  balancer.asked(routeOf(1), true);
  assert.equal(of(1).state, "ejected", "somebody is there, but its calls hung");
  while (!calls(1).includes(1));
  assert.ok(clock.ms - fromMs >= 10 * hung.durationMs, `${clock.ms - fromMs} ms, ten times what such a call costs`);
});

test("what failed by itself is tried with calls, and so is what cannot be asked", () => {
  const one = setUp();
  for (let turn = 0; turn < 5; turn++) one.end(1, { ...good, ok: false });
  assert.ok(one.calls(30).includes(1));
  assert.deepEqual(one.asked, []);
  const other = setUp(() => false);
  other.end(1, refused);
  assert.ok(other.calls(30).includes(1));
});
