import { fork } from "node:child_process";
import { once } from "node:events";
import { join, relative } from "node:path";
import { run } from "node:test";
import { inspect } from "node:util";
import type { JobCost, Pool } from "./pool.ts";
import { root } from "./root.ts";
import { addCounts, noTests, type StepResult, type TestCounts } from "./step.ts";
import type { BatchedTest } from "./test-batch.ts";

type Events = ReturnType<typeof run>;
type Outcome = StepResult & { counts: TestCounts };
type TogetherOutcome = Outcome & {
  files: readonly string[];
  /** What failed, as it is printed: the file and the name of the test. */
  failed: readonly string[];
  failedFiles: readonly string[];
};

const usualCost: JobCost = { seconds: 5, cores: 1 };
const batchProgram = join(import.meta.dirname, "test-batch.ts");

/**
 * Run test files with Node's own runner and count every test in them. What failed is run once more, alone, when all others have ended, and that
 * run counts: a machine can hold up any test that waits. The failure stays in the output and the file is named in the result's note.
 *
 * @param batches           each a list of files, absolute paths, that share one process; a list of one has a process of its own
 * @param options.pool      where the processes run
 * @param options.fileMs    one file may take that long (a batch: so long for each of its files); then its process is ended and it has failed
 * @param options.costOf    of a file that has a process of its own, by its path in the checkout; default: all alike, in their order
 * @param options.eachFile  told of each file that has a process of its own as it ends; for suites so long that one wants to watch
 */
export async function runNodeTests(
  batches: readonly (readonly string[])[],
  options: {
    pool: Pool;
    fileMs: number;
    costOf?: (file: string) => JobCost;
    eachFile?: (file: string, result: StepResult, seconds: number) => void;
  },
): Promise<StepResult> {
  // Most of what a small file costs is loading what it tests: what one process compiled the others need not. Keyed by content.
  process.env.NODE_COMPILE_CACHE ??= join(root, "node_modules/.cache/msec-compiled-tests");
  let counts = noTests;
  let output = "";
  const add = (result: Outcome) => {
    counts = addCounts(counts, result.counts);
    output += result.output;
  };
  const failedOnce: string[] = [];
  const together: TogetherOutcome[] = [];
  const unsteady: string[] = [];
  const { pool, fileMs, costOf = () => usualCost } = options;
  const runWatched = async (file: string, name: string): Promise<Outcome> => {
    const startMs = performance.now();
    const result = await runFile(file, fileMs);
    options.eachFile?.(name, result, (performance.now() - startMs) / 1000);
    return result;
  };
  const runBatch = async (batch: readonly string[]): Promise<void> => {
    const [file] = batch;
    if (batch.length === 1 && file !== undefined) {
      const name = relative(root, file);
      const result = await pool.run(costOf(name), () => runWatched(file, name));
      if (result.ok) {
        add(result);
      } else {
        failedOnce.push(file);
        output += result.output;
      }
    } else {
      const result = await pool.run(usualCost, () => runTogether(batch, fileMs * batch.length));
      if (result.ok) {
        add(result);
      } else {
        together.push(result);
        output += result.output;
      }
    }
  };
  await Promise.all(batches.map(runBatch));
  for (const file of failedOnce) {
    const result = await pool.runAlone(() => runWatched(file, `${relative(root, file)} (again)`));
    add(result);
    if (result.ok) unsteady.push(relative(root, file));
  }
  for (const first of together) {
    const result = await pool.runAlone(() => runApart(first, fileMs));
    add(result);
    if (result.ok) unsteady.push(...first.failedFiles.map((file) => relative(root, file)));
  }
  const note = unsteady.length === 0 ? undefined : `failed once and passed when run again: ${unsteady.join(", ")}`;
  return { ok: counts.failed === 0, output, counts, ...(note !== undefined && { note }) };
}

/**
 * Run the files of a process in which something failed each in a process of its own: their own results count. Where all pass, they run together
 * once more: a test that fails there again has failed, for that is what their company does to it and not the machine.
 */
async function runApart(first: TogetherOutcome, fileMs: number): Promise<Outcome> {
  let counts = noTests;
  let output = "";
  for (const file of first.files) {
    const alone = await runFile(file, fileMs);
    counts = addCounts(counts, alone.counts);
    output += alone.output;
  }
  if (counts.failed === 0) {
    const second = await runTogether(first.files, fileMs * first.files.length);
    const disturbed = second.failed.filter((name) => first.failed.includes(name));
    if (disturbed.length > 0) {
      counts = addCounts(counts, { ...noTests, failed: 1 });
      output = `  each of the files passes in a process of its own: they disturb each other in ${disturbed.join(", ")}\n`;
    }
  }
  return { ok: counts.failed === 0, output, counts };
}

async function runTogether(files: readonly string[], limitMs: number): Promise<TogetherOutcome> {
  const child = fork(batchProgram, files, { cwd: root, stdio: ["ignore", "pipe", "pipe", "ipc"], timeout: limitMs });
  let counts = noTests;
  let printed = "";
  const failures: string[] = [];
  const failed: string[] = [];
  const failedFiles = new Set<string>();
  child.on("message", (test: BatchedTest) => {
    counts = addCounts(counts, { ...noTests, [test.kind]: 1 });
    if (test.kind === "failed") {
      const name = `${relative(root, test.file)}: ${test.name}`;
      failed.push(name);
      failedFiles.add(test.file);
      failures.push(`✖ ${name}\n${indent(test.reason ?? "")}`);
    }
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
    });
  }
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  if (status !== 0 && failures.length === 0) {
    const name = `their process ended with ${signal ?? `status ${status}`}`;
    failed.push(name);
    failures.push(`✖ ${name}`);
    for (const file of files) failedFiles.add(file);
  }
  const ok = failures.length === 0;
  const output = ok
    ? ""
    : `${files.length} files in one process\n${indent(failures.join("\n"))}\n${printed === "" ? "" : `  output:\n${indent(printed)}\n`}`;
  return { ok, output, counts, files, failed, failedFiles: Array.from(failedFiles) };
}

async function runFile(file: string, fileMs: number): Promise<Outcome> {
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
