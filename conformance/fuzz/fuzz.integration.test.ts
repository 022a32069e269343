import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "./fuzz.ts";
import { fuzzHttp } from "./fuzz-http.ts";
import { inputOf, targets } from "./inputs.ts";

// The same inputs each time: what this run finds, the change that it is run for has broken. Others, a million of them, by hand: run.ts, or MSEC_FUZZ_SEED.
const seed = Number(process.env.MSEC_FUZZ_SEED ?? 1);

for (const target of Object.keys(targets)) {
  test(`${target}: kept inputs and thousands of damaged ones break no promise`, async () => {
    const report = await fuzz(target, seed, 4_000);
    assert.equal(report.failure, undefined);
    assert.equal(report.inputs, 4_000);
  });
}

test("http: kept inputs and damaged ones break no promise", async () => {
  const report = await fuzzHttp(seed, 2_000);
  assert.equal(report.failure, undefined);
});

test("the same seed and index give the same input, another index another", () => {
  assert.deepEqual(inputOf("head", 5, 1_000), inputOf("head", 5, 1_000));
  assert.notDeepEqual(inputOf("head", 5, 1_000), inputOf("head", 5, 1_001));
  assert.notDeepEqual(inputOf("head", 5, 1_000), inputOf("head", 6, 1_000));
});
