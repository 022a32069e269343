import { join } from "node:path";
import { checkImports } from "./check-imports.ts";
import { checkLinks } from "./check-links.ts";
import { runCommand } from "./command.ts";
import { runConsoleTests } from "./console-tests.ts";
import { checkGenerated } from "./generate.ts";
import { runNodeTests } from "./node-tests.ts";
import { Pool } from "./pool.ts";
import { root } from "./root.ts";
import { addCounts, countsText, noTests, runSteps, type Step, type StepResult, type TestCounts } from "./step.ts";
import { findUnitBatches } from "./test-files.ts";

const unitFileMs = 30_000;

/** Format, lint, directions, types, generated code, links and unit tests: what holds before anything is committed. */
const steps: readonly Step[] = [
  { name: "unit tests", run: () => runNodeTests(findUnitBatches(), { pool: new Pool(2), fileMs: unitFileMs }) },
  { name: "generated code", run: checkGenerated },
  { name: "types", run: () => checkTypes("tsconfig.json") },
  {
    name: "format and lint",
    run: () => runTool("biome", ["ci", "--colors=off", "--diagnostic-level=error", "--max-diagnostics=200"]),
  },
  { name: "console tests", run: () => runConsoleTests("logic") },
  { name: "types of the console", run: () => checkTypes("apps/console/tsconfig.json") },
  { name: "imports", run: checkImports },
  { name: "links", run: checkLinks },
];

/** Run `npm run check`; two steps at a time, the longest first. */
export async function check(): Promise<{ ok: boolean; counts: TestCounts }> {
  const results = await runSteps(steps, 2);
  const counts = results.map((result) => result.counts ?? noTests).reduce(addCounts);
  return { ok: results.every((result) => result.ok) && counts.passed > 0, counts };
}

/** Check the types of a project, named by its tsconfig.json. What tsc found is kept: the next time it looks at what changed, and at what that touches. */
async function checkTypes(project: string): Promise<StepResult> {
  const file = join(root, "node_modules/.cache/msec-types", `${project.replaceAll("/", "-")}.tsbuildinfo`);
  return await runTool("tsc", ["-p", project, "--incremental", "--tsBuildInfoFile", file]);
}

async function runTool(command: string, args: readonly string[]): Promise<StepResult> {
  const { status, output } = await runCommand(command, args);
  return { ok: status === 0, output };
}

if (import.meta.main) {
  const start = performance.now();
  const { ok, counts } = await check();
  console.log(
    `${countsText(counts)}; ${ok ? "all is well" : "something failed"} after ${((performance.now() - start) / 1000).toFixed(1)} s`,
  );
  process.exitCode = ok ? 0 : 1;
}
