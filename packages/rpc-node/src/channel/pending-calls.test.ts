import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PendingCall } from "./pending-call.ts";
import { PendingCalls } from "./pending-calls.ts";

// The same inputs each time: what a run finds, the change that it is run for has broken. Others by hand.
fc.configureGlobal({ seed: Number(process.env.MSEC_FUZZ_SEED ?? 1) });

const callOf = (sequence: number) => ({ sequence }) as PendingCall;

test("calls are found by their sequence and by no other, whatever the order in which they end", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { maxLength: 2_000 }), (choices) => {
      const pending = new PendingCalls<PendingCall>();
      const expected = new Map<number, PendingCall>();
      let last = 0;
      for (const choice of choices) {
        const known = [...expected.keys()];
        if (choice < 6 || known.length === 0) {
          last = pending.free(last + 1);
          const call = callOf(last);
          pending.add(call);
          expected.set(last, call);
        } else {
          const sequence = known[Math.floor((choice / 10) * known.length)]!;
          pending.delete(expected.get(sequence)!);
          expected.delete(sequence);
          assert.equal(pending.get(sequence), undefined);
        }
        assert.equal(pending.size, expected.size);
      }
      for (let sequence = 0; sequence <= last + 1; sequence++) {
        assert.equal(pending.get(sequence), expected.get(sequence));
      }
      assert.equal(pending.get(2n ** 64n - 1n), undefined);
      assert.deepEqual(pending.inOrder(), [...expected.values()]);
    }),
    { numRuns: 30 },
  );
});

test("one call that waits does not make the table grow with those that pass it", () => {
  const pending = new PendingCalls<PendingCall>();
  const waiting = callOf(pending.free(1));
  pending.add(waiting);
  let last = 1;
  for (let i = 0; i < 100_000; i++) {
    last = pending.free(last + 1);
    const call = callOf(last);
    pending.add(call);
    pending.delete(call);
  }
  // One number in 64 was skipped: the one whose slot is taken.
  assert.ok(last < 100_000 * 1.02, `${last}`);
  assert.equal(pending.get(1), waiting);
  assert.deepEqual(pending.take(), [waiting]);
  assert.equal(pending.size, 0);
});
