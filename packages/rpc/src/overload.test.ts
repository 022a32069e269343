import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "./code.ts";
import type { LoopWatch } from "./loop-lateness.ts";
import { Overload, type OverloadState } from "./overload.ts";
import { Priority } from "./priority.ts";
import { ServedCall } from "./served-call.ts";
import { type SimulatedLoad, simulateService } from "./testing/simulated-service.ts";

class WaitingCall extends ServedCall {
  constructor(method: string, waitingSinceMs: number) {
    super({
      method,
      caller: "",
      peer: { address: "", certificate: undefined },
      receivedMs: waitingSinceMs,
      deadline: Number.POSITIVE_INFINITY,
      metadata: undefined,
      requestBytes: 0,
      waitingSinceMs,
    });
  }
  respond(): number {
    return 0;
  }
  respondError(): void {}
}

const quantile = (sorted: readonly number[], q: number) => sorted[Math.floor(sorted.length * q)] ?? 0;

// Capacity and load in virtual time: exact, and the same on every machine. `npm run bench -- overload` measures the real thing.
const handlers = {
  "1 ms of the loop": { waitMs: 0, workMs: 1 },
  "10 ms of the loop": { waitMs: 0, workMs: 10 },
  "a wait of 10 ms, then 1 ms": { waitMs: 10, workMs: 1 },
  "a wait of 50 ms, then 10 ms": { waitMs: 50, workMs: 10 },
} as const;
const hiccups = { pauseEveryMs: 200, pauseMs: 20 } as const;

for (const [title, handler] of Object.entries(handlers)) {
  const perSecond = 1_000 / (handler.workMs + 0.01);
  const run = (factor: number, more: Partial<SimulatedLoad> = {}) =>
    simulateService({ rate: () => perSecond * factor, ...handler, lengthMs: 10_000, ...more }, {});
  // The first second is not counted.
  const goodput = ({ answered }: { answered: number }) => answered / 9 / perSecond;

  test(`${title}: at twice what can be done at least 85 % of it is done, and nobody waits long once it has settled`, () => {
    const over = run(2);
    assert.ok(goodput(over) >= 0.85, `goodput ${goodput(over)}`);
    const longestMs = handler.waitMs + 30 * Math.max(10, handler.workMs);
    assert.ok(quantile(over.settledMs, 0.99) <= longestMs, `p99 ${quantile(over.settledMs, 0.99)} ms`);
    assert.ok(goodput(run(4)) >= 0.8, `goodput ${goodput(run(4))} at four times`);
    // A process that is interrupted for 20 ms now and then can do 9 % less; how much less in ten seconds is chance.
    const interrupted = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => goodput(run(2, { ...hiccups, seed })));
    assert.ok(Math.min(...interrupted) >= 0.7, `goodput ${interrupted} with interruptions`);
    assert.ok(interrupted.reduce((sum, one) => sum + one) / interrupted.length >= 0.8, `goodput ${interrupted}`);
  });

  test(`${title}: below what can be done nobody is refused`, () => {
    assert.equal(run(0.7).refused, 0);
    assert.equal(run(0.9).refused, 0);
    assert.equal(run(0.63, hiccups).refused, 0);
    // A second without running once, and everything that came meanwhile.
    assert.equal(run(0.7, { pauseEveryMs: 1e9, pauseMs: 1_000 }).refused, 0);
  });
}

test("calls of 160 ms do not wait until their callers have given up, and are not refused where there is room", () => {
  const load = { waitMs: 0, workMs: 160, lengthMs: 20_000 };
  const over = simulateService({ ...load, rate: () => 12.5 }, {});
  assert.ok(over.answered >= 0.7 * 19 * 6.25, `${over.answered} answered`);
  assert.ok(quantile(over.settledMs, 0.99) < 2_000, `p99 ${quantile(over.settledMs, 0.99)} ms`);
  assert.equal(simulateService({ ...load, rate: () => 4 }, {}).refused, 0);
});

test("without it everything is admitted, and waits for ever longer", () => {
  const { latenciesMs, refused } = simulateService(
    { rate: () => 2_000, waitMs: 0, workMs: 1, lengthMs: 5_000 },
    undefined,
  );
  assert.equal(refused, 0);
  assert.ok(quantile(latenciesMs, 0.99) > 1_000);
});

test("the least important calls are refused first, critical ones not at all", () => {
  const priorities = new Map<string, Priority>([
    ["cleanUp", Priority.Low],
    ["pay", Priority.High],
    ["alive", Priority.Critical],
  ]);
  const methods = { cleanUp: 0.4, find: 0.3, pay: 0.25, alive: 0.05 };
  const load = { rate: () => 2_000, waitMs: 0, workMs: 1, lengthMs: 10_000, methods };
  const { parts } = simulateService(load, { priorities });
  // Half of all can be done: all of the most important three tenths, most of the next three, nothing of the rest.
  assert.equal(parts.alive, 1);
  assert.ok(parts.pay! > 0.9, JSON.stringify(parts));
  assert.ok(parts.find! > 0.4 && parts.find! < parts.pay!, JSON.stringify(parts));
  assert.ok(parts.cleanUp! < 0.15, JSON.stringify(parts));
});

test("it begins once, says so, and ends when less comes", () => {
  const states: OverloadState[] = [];
  const onChange = (state: OverloadState) => states.push(state);
  const rate = (nowMs: number) => (nowMs < 4_000 ? 2_000 : 500);
  simulateService({ rate, waitMs: 0, workMs: 1, lengthMs: 8_000 }, { onChange });
  assert.deepEqual(
    states.map(({ shedding }) => shedding),
    [true, false],
  );
  assert.ok(states[0]!.waitMs > 100);
});

test("many that come at once and wait less than msg_timeout are a burst, not overload", () => {
  // 400 calls of 1 ms within a tenth of a second, every two seconds.
  const rate = (nowMs: number) => (nowMs % 2_000 < 100 ? 4_000 : 100);
  assert.equal(simulateService({ rate, waitMs: 0, workMs: 1, lengthMs: 10_000 }, {}).refused, 0);
});

test("a queue that stays as long as it is for a second is overload, though it does not grow", () => {
  let tell: (nowMs: number, lateMs: number) => void = () => {};
  const watch: LoopWatch = { ask: () => {}, overdueMs: () => 0, takeBusy: () => 1, stop: () => {} };
  const overload = new Overload({}, (onTurn) => {
    tell = onTurn;
    return watch;
  });
  for (let nowMs = 1_000; nowMs <= 2_900; nowMs += 300) {
    for (let count = 0; count < 300; count++) overload.admit(new WaitingCall("find", nowMs), nowMs);
    tell(nowMs + 299, 280);
    assert.equal(overload.state.shedding, nowMs >= 2_200, `after ${nowMs - 1_000} ms`);
  }
});

test("a call that is refused may go elsewhere and is told when to come back", () => {
  let tell: (nowMs: number, lateMs: number) => void = () => {};
  let overdueMs = 0;
  const watch: LoopWatch = { ask: () => {}, overdueMs: () => overdueMs, takeBusy: () => 1, stop: () => {} };
  const overload = new Overload({}, (onTurn) => {
    tell = onTurn;
    return watch;
  });
  for (const lateMs of [150, 200, 300]) {
    overload.admit(new WaitingCall("find", 1_000), 1_000);
    tell(1_000, lateMs);
  }
  overdueMs = 101;
  const refusal = overload.admit(new WaitingCall("find", 1_001), 1_001);
  assert.equal(refusal?.code, Code.ResourceExhausted);
  assert.equal(refusal.details.notExecuted, true);
  assert.ok(refusal.details.retryAfterMs! >= 100 && refusal.details.retryAfterMs! <= 2_000);
});

test("it sees the event loop of this process, and its timer rests when nobody calls", async () => {
  const overload = new Overload();
  const block = (ms: number) => {
    const endMs = performance.now() + ms;
    while (performance.now() < endMs);
  };
  overload.admit(new WaitingCall("find", performance.now()), performance.now());
  block(120);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.ok(overload.state.waitMs >= 90, `${overload.state.waitMs} ms`);
  assert.equal(overload.state.shedding, false);
  overload.stop();
});

test("one call that waited longer than msg_timeout is refused whatever it is; 0 is no limit", () => {
  const nowMs = performance.now();
  const strict = new Overload({ maxWaitMs: 100, priorities: new Map([["alive", Priority.Critical]]) });
  assert.equal(strict.admit(new WaitingCall("alive", nowMs - 99), nowMs), undefined);
  const refusal = strict.admit(new WaitingCall("alive", nowMs - 101), nowMs);
  assert.deepEqual([refusal?.code, refusal?.details.notExecuted], [Code.ResourceExhausted, true]);
  assert.match(refusal!.message, /waited longer than msg_timeout 100 ms/);
  // How long a body took to arrive is not this process's doing.
  assert.equal(strict.admit(new WaitingCall("alive", 0), nowMs), undefined);
  const patient = new Overload({ maxWaitMs: 0 });
  assert.equal(patient.admit(new WaitingCall("alive", nowMs - 1e6), nowMs), undefined);
  strict.stop();
  patient.stop();
});

test("options out of range are refused by name", () => {
  assert.throws(() => new Overload({ targetMs: -1 }), /overload\.targetMs -1 must be an integer in 0…60000/);
  assert.throws(() => new Overload({ maxWaitMs: 1.5 }), /overload\.maxWaitMs 1\.5/);
});
