import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "./code.ts";
import { Overload, type OverloadState } from "./overload.ts";
import { Priority } from "./priority.ts";
import type { RpcError } from "./rpc-error.ts";
import { ServedCall } from "./served-call.ts";

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

const priorities = new Map([
  ["cleanUp", Priority.Low],
  ["pay", Priority.High],
  ["alive", Priority.Critical],
]);
const methods = ["cleanUp", "find", "pay", "alive"];

// Offers calls of every priority without letting the loop rest, each having waited `waitMs`; gives what part of each was admitted in the last 100 ms.
async function offer(overload: Overload, waitMs: number, lengthMs: number): Promise<Record<string, number>> {
  const endMs = performance.now() + lengthMs;
  const asked: Record<string, number> = {};
  const admitted: Record<string, number> = {};
  for (let nowMs = performance.now(); nowMs < endMs; nowMs = performance.now()) {
    for (const method of methods) {
      const refusal = overload.admit(new WaitingCall(method, nowMs - waitMs), nowMs);
      if (nowMs < endMs - 100) continue;
      asked[method] = (asked[method] ?? 0) + 1;
      admitted[method] = (admitted[method] ?? 0) + (refusal ? 0 : 1);
    }
    const restMs = performance.now() + 0.5;
    while (performance.now() < restMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return Object.fromEntries(methods.map((method) => [method, admitted[method]! / asked[method]!]));
}

test("a busy process whose calls wait too long refuses the least important ones first, and ends it when they do not", async () => {
  const states: OverloadState[] = [];
  const overload = new Overload({ targetMs: 300, maxWaitMs: 0, priorities, onChange: (state) => states.push(state) });
  // A window of the process's own start would be half idle.
  await offer(overload, 0, 210);
  assert.deepEqual(await offer(overload, 0, 110), { cleanUp: 1, find: 1, pay: 1, alive: 1 });
  const parts = await offer(overload, 900, 420);
  assert.equal(parts.cleanUp, 0);
  assert.equal(parts.alive, 1);
  assert.ok(parts.cleanUp! <= parts.find! && parts.find! <= parts.pay! && parts.pay! <= parts.alive!);
  assert.ok(parts.find! < 1, JSON.stringify(parts));
  assert.deepEqual(
    states.map(({ shedding }) => shedding),
    [true],
  );
  const before = overload.state.admitted;
  await offer(overload, 0, 350);
  assert.ok(overload.state.admitted > before);
  overload.stop();
});

test("a call that was refused may go elsewhere and is told when to come back", async () => {
  const overload = new Overload({ targetMs: 300, maxWaitMs: 0 });
  await offer(overload, 0, 110);
  await offer(overload, 900, 650);
  let refusal: RpcError | undefined;
  for (let i = 0; i < 10_000 && !refusal; i++) {
    const nowMs = performance.now();
    refusal = overload.admit(new WaitingCall("find", nowMs - 900), nowMs);
  }
  assert.equal(refusal?.code, Code.ResourceExhausted);
  assert.equal(refusal.details.notExecuted, true);
  assert.ok(refusal.details.retryAfterMs! >= 100 && refusal.details.retryAfterMs! <= 2_000);
  overload.stop();
});

test("calls that wait in a process that is idle most of the time are all admitted", async () => {
  const overload = new Overload({ targetMs: 300, maxWaitMs: 0 });
  const endMs = performance.now() + 500;
  while (performance.now() < endMs) {
    const nowMs = performance.now();
    assert.equal(overload.admit(new WaitingCall("find", nowMs - 900), nowMs), undefined);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  overload.stop();
});

test("one call that waited longer than msg_timeout is refused whatever it is; 0 is no limit", () => {
  const nowMs = performance.now();
  const strict = new Overload({ maxWaitMs: 100, priorities });
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
