import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "./fuzz.ts";
import { fuzzHttp } from "./fuzz-http.ts";
import { inputOf, targets } from "./inputs.ts";

// Another seed each day: a suite that always runs the same inputs finds nothing after its first run. A failure prints its seed.
const seed = Math.floor(Date.now() / 86_400_000);

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
