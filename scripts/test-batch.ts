import { run } from "node:test";
import { inspect } from "node:util";

/** What a process that runs several test files tells the one that started it: one test that ended. */
export interface BatchedTest {
  readonly file: string;
  readonly name: string;
  readonly kind: "passed" | "failed" | "skipped";
  /** Why it failed, with its stack. */
  readonly reason?: string;
}

/** Runs the test files that are its arguments in this one process, and sends a {@link BatchedTest} for each test over IPC. */
async function runBatch(files: readonly string[]): Promise<void> {
  for await (const event of run({ files: [...files], isolation: "none" })) {
    const { name, file = "" } = event.data as { name: string; file?: string };
    if (event.type === "test:pass" && name === file) {
      // So passes a file without tests. (The file of a test is where it is written, which may be one that test files share.)
      tell({ file, name, kind: "failed", reason: "there is no test in this file" });
    } else if (event.type === "test:pass" && event.data.details.type !== "suite") {
      const kind = event.data.skip !== undefined || event.data.todo !== undefined ? "skipped" : "passed";
      tell({ file, name, kind });
    } else if (event.type === "test:fail") {
      const { error } = event.data.details;
      if ((error as { failureType?: string }).failureType !== "subtestsFailed") {
        const reason = inspect(error.cause ?? error);
        tell({ file, name, kind: "failed", reason });
      }
    }
  }
}

function tell(test: BatchedTest): void {
  process.send?.(test);
}

if (import.meta.main) {
  await runBatch(process.argv.slice(2));
  // A failed test sets no status here; who started this counts the tests. The channel alone would keep the process alive.
  process.disconnect?.();
}
