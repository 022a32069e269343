import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { inliningFlags } from "./inlining-budget.ts";

test("bounds of inlining are left alone where the command line says them", () => {
  assert.equal(inliningFlags(["--enable-source-maps", "--max-semi-space-size=4"]).length, 2);
  assert.deepEqual(inliningFlags(["--max-inlined-bytecode-size=460"]), []);
  assert.deepEqual(inliningFlags(["--max_inlined_bytecode_size_cumulative=920"]), []);
  assert.deepEqual(inliningFlags(["--no-turbo-inlining"]), []);
  assert.deepEqual(inliningFlags(["--jitless"]), []);
});

test("this Node knows the bounds of inlining that are set", () => {
  // Set in a process that runs, one that V8 does not know is a line on stderr and no more.
  const { status, stderr } = spawnSync(process.execPath, [...inliningFlags([]), "--eval", ""], { encoding: "utf8" });
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
});
