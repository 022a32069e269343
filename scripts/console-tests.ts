import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { root } from "./root.ts";
import { addCounts, noTests, type StepResult } from "./step.ts";

/** The console's two kinds of tests, as `vite.config.ts` names them: plain functions, and pages in a simulated browser. */
export type ConsoleTests = "logic" | "pages";

/** Run one kind of the console's tests by Vitest, which shares the transforms of its build, and count them. */
export async function runConsoleTests(kind: ConsoleTests): Promise<StepResult> {
  const temporary = await mkdtemp(join(tmpdir(), "msec-vitest-"));
  const file = join(temporary, "result.json");
  try {
    const { status, output } = await runCommand(
      "vitest",
      ["run", "--project", kind, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`],
      { cwd: join(root, "apps/console") },
    );
    const report = JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as Record<string, number | undefined>;
    const {
      numPassedTests: passed = 0,
      numFailedTests: failed = 0,
      numPendingTests: pending = 0,
      numTodoTests: todo = 0,
    } = report;
    const counts = { passed, failed, skipped: pending + todo };
    // A file that cannot be loaded has no test to count, yet fails the run.
    return status === 0 && passed > 0
      ? { ok: true, output, counts }
      : { ok: false, output, counts: failed > 0 ? counts : addCounts(counts, { ...noTests, failed: 1 }) };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
