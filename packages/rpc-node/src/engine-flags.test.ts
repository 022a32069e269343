import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { engineFlags } from "./engine-flags.ts";

const pretenuring = "--no-allocation-site-pretenuring";

test("flags of V8 are left alone where the command line says them", () => {
  assert.equal(engineFlags(["--enable-source-maps", "--max-semi-space-size=4"]).length, 3);
  assert.deepEqual(engineFlags(["--max-inlined-bytecode-size=460"]), [pretenuring]);
  assert.deepEqual(engineFlags(["--max_inlined_bytecode_size_cumulative=920"]), [pretenuring]);
  assert.deepEqual(engineFlags(["--no-turbo-inlining"]), [pretenuring]);
  assert.deepEqual(engineFlags(["--jitless"]), [pretenuring]);
  assert.equal(engineFlags(["--allocation-site-pretenuring"]).includes(pretenuring), false);
});

test("this Node knows the flags that are set", () => {
  // Set in a process that runs, one that V8 does not know is a line on stderr and no more.
  const { status, stderr } = spawnSync(process.execPath, [...engineFlags([]), "--eval", ""], { encoding: "utf8" });
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
});
