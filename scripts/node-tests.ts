import { relative } from "node:path";
import { run } from "node:test";
import { inspect } from "node:util";
import { root } from "./root.ts";
import { addCounts, noTests, type StepResult, type TestCounts } from "./step.ts";

type Events = ReturnType<typeof run>;

/**
 * Run test files with Node's own runner, each in a process of its own, and count every test in them.
 *
 * @param files                absolute paths
 * @param options.concurrency  files at a time
 * @param options.fileMs       one file may take that long, then its process is ended and it has failed
 * @param options.eachFile     told of each file as it ends; for suites so long that one wants to watch
 */
export async function runNodeTests(
  files: readonly string[],
  options: { concurrency: number; fileMs: number; eachFile?: (file: string, result: StepResult) => void },
): Promise<StepResult> {
  let counts = noTests;
  let output = "";
  const waiting = files.values();
  const work = async (): Promise<void> => {
    for (const file of waiting) {
      const result = await runFile(file, options.fileMs);
      counts = addCounts(counts, result.counts);
      output += result.output;
      options.eachFile?.(relative(root, file), result);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, work));
  return { ok: counts.failed === 0, output, counts };
}

async function runFile(file: string, fileMs: number): Promise<StepResult & { counts: TestCounts }> {
  // `timeout` of run() is for each test and leaves the process of a test that hangs alive; the signal ends it.
  const events = run({ files: [file], cwd: root, signal: AbortSignal.timeout(fileMs) });
  const failures: string[] = [];
  let counts = noTests;
  let printed = "";
  await forEachEvent(events, {
    pass(data) {
      if (data.details.type !== "suite" && data.name !== file) {
        const kind = data.skip !== undefined || data.todo !== undefined ? "skipped" : "passed";
        counts = addCounts(counts, { ...noTests, [kind]: 1 });
      }
    },
    fail(data) {
      const { error } = data.details;
      if ((error as { failureType?: string }).failureType !== "subtestsFailed") {
        counts = addCounts(counts, { ...noTests, failed: 1 });
        failures.push(
          `✖ ${data.name === file ? "the file as a whole" : data.name}\n${indent(inspect(error.cause ?? error))}`,
        );
      }
    },
    print(text) {
      printed += text;
    },
  });
  if (counts.passed + counts.failed + counts.skipped === 0) {
    counts = { ...noTests, failed: 1 };
    failures.push("✖ there is no test in this file");
  }
  const ok = counts.failed === 0;
  const name = relative(root, file);
  const output = ok
    ? ""
    : `${name}\n${indent(failures.join("\n"))}\n${printed === "" ? "" : `  output:\n${indent(printed)}\n`}`;
  return { ok, output, counts };
}

type Finished = { name: string; details: { type?: string; error: Error }; skip?: unknown; todo?: unknown };

async function forEachEvent(
  events: Events,
  on: { pass(data: Finished): void; fail(data: Finished): void; print(text: string): void },
): Promise<void> {
  for await (const event of events) {
    if (event.type === "test:pass") {
      on.pass(event.data as unknown as Finished);
    } else if (event.type === "test:fail") {
      on.fail(event.data as unknown as Finished);
    } else if (event.type === "test:stdout" || event.type === "test:stderr") {
      on.print(event.data.message);
    }
  }
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
