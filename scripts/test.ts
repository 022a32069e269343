import { check } from "./check.ts";
import { buildConsole } from "./console-build.ts";
import { runConsoleTests } from "./console-tests.ts";
import { buildCost, costOf, pagesCost } from "./costs.ts";
import { installDebianPackages } from "./debian-packages.ts";
import { installNestedPackages } from "./nested-packages.ts";
import { runNodeTests } from "./node-tests.ts";
import { Pool } from "./pool.ts";
import { addCounts, countsText, runSteps, type StepResult } from "./step.ts";
import { findTestFiles, Suite } from "./test-files.ts";

// Several times what the longest takes: the machine may be another suite's as well.
const fileMs = 480_000;

/** `npm test`: everything. Ends with the line `N passed, N failed`, and with status 1 when something failed or nothing ran. */
async function test(): Promise<boolean> {
  for (const lines of await Promise.all([installDebianPackages(), installNestedPackages()])) {
    for (const line of lines) console.log(line);
  }
  const checked = await check();
  const pool = new Pool(2);
  const build = pool.run(buildCost, buildConsole);
  const later = await runSteps(
    [
      { name: "build of the console", run: () => build },
      { name: "pages of the console", run: () => pool.run(pagesCost, () => runConsoleTests("pages")) },
      { name: "integration tests", run: () => runWatched(pool, findTestFiles(Suite.Integration)) },
      {
        name: "end-to-end tests",
        run: async () => {
          await build;
          return await runWatched(pool, findTestFiles(Suite.EndToEnd));
        },
      },
    ],
    4,
  );
  const counts = later.reduce((sum, result) => (result.counts ? addCounts(sum, result.counts) : sum), checked.counts);
  const ok = checked.ok && later.every((result) => result.ok) && counts.passed > 0;
  if (!ok && counts.failed === 0) {
    console.log("A step above failed that is no test.");
  }
  console.log(countsText(counts));
  return ok;
}

async function runWatched(pool: Pool, files: readonly string[]): Promise<StepResult> {
  const result = await runNodeTests(
    files.map((file) => [file]),
    {
      pool,
      fileMs,
      costOf,
      // What failed is said at once: a run that is ended from outside has said it as well.
      eachFile: (file, { ok, output }, seconds) => {
        const time = `${seconds.toFixed(1).padStart(6)} s`;
        console.log(
          ok
            ? `  ok     ${time}  ${file}`
            : `  FAILED ${time}  ${file}\n${output.replace(/^/gm, "         ").trimEnd()}`,
        );
      },
    },
  );
  return { ...result, output: "" };
}

process.exitCode = (await test()) ? 0 : 1;
