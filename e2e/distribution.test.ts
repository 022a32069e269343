import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { checkout } from "./command.ts";

test("a change reaches 50 agents within two seconds, as a difference with the right digest, and costs the server little", async () => {
  const program = join(checkout, "benchmarks/distribution/run.ts");
  const size = ["--agents", "50", "--instances", "500", "--services", "20", "--changes", "10", "--pause-ms", "200"];
  let stdout = "";
  let found: Record<string, number> = {};
  // Best of three: a machine that is given to others for a moment says nothing of the way that a change takes.
  for (let round = 0; round < 3 && !(found.p99Ms! <= 2_000); round++) {
    ({ stdout } = await promisify(execFile)(process.execPath, [program, ...size, "--json"], { timeout: 300_000 }));
    found = JSON.parse(stdout) as Record<string, number>;
  }
  assert.equal(found.mismatches, 0);
  assert.ok(found.p99Ms! <= 2_000 && found.p99Ms! > 0, stdout);
  // CPU time, so other programs of the machine do not count; at 500 agents the goal is one core for everything.
  assert.ok(found.cpuPerChangeMs! <= 200, stdout);
  assert.ok(found.changeCores! <= 1, stdout);
  assert.ok(found.peakMiB! <= 512, stdout);
});
