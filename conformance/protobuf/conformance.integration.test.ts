import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { findRunner, runConformance } from "./runner.ts";

const runner = findRunner();

test("the compiled codec passes the protobuf conformance suite, required and recommended", {
  skip: runner.problem !== undefined && `the protobuf conformance suite did not run: ${runner.problem}`,
}, async () => {
  const result = await runConformance(runner.command!, { enforceRecommended: true });
  assert.deepEqual(result.surprises, []);
  assert.equal(result.failed, 0);
  assert.equal(result.skipped, 0);
  // As many as the suite has for these; fewer would mean that the testee was not asked.
  assert.ok(result.bytesToBytes > 2_000, `${result.bytesToBytes} tests from bytes to bytes`);
  assert.ok(result.passed > 5_500, `${result.passed} passed`);
});

test("nothing that reads and writes bytes is among the known failures", () => {
  const names = readFileSync(new URL("known-failures.txt", import.meta.url), "utf8").split("\n");
  assert.deepEqual(
    names.filter((name) => name !== "" && !name.startsWith("#") && !name.includes("Json")),
    [],
  );
});
