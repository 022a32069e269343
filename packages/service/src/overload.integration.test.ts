import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

// The benchmark's short version: real processes and sockets. Its bounds are wide, since what the machine can do moves while it is measured; the exact ones are
// held in virtual time (packages/rpc/src/overload.test.ts).
const program = join(import.meta.dirname, "../../../benchmarks/rpc/overload.ts");

type Part = {
  readonly made: number;
  readonly refused: number;
  readonly late: number;
  readonly p50: number;
  readonly p99: number;
};

test("a service that is asked for twice what it can do goes on doing it, and refuses hardly anybody below that", async (t) => {
  const flags = ["--kinds", "^cpu-1$", "--rounds", "1", "--seconds", "4", "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...flags]);
  const round = JSON.parse(stdout) as { most: number; goodput: number; over: Part; calm: Part };
  t.diagnostic(
    `${round.most.toFixed(0)}/s at most; at twice that ${(round.goodput * 100).toFixed(0)} %, p99 ${round.over.p99.toFixed(0)} ms`,
  );
  assert.ok(round.goodput >= 0.5, `goodput ${round.goodput}`);
  assert.ok(round.over.refused > 0 && round.over.p50 < 1_000, JSON.stringify(round.over));
  const { made, refused, late } = round.calm;
  assert.ok(refused + late <= made * 0.1, JSON.stringify(round.calm));
});
