/** How many tests passed, failed and were skipped; a file that could not run to its end counts as one that failed. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What a step came to. `output` is printed whole when it failed, and not otherwise. */
export interface StepResult {
  readonly ok: boolean;
  readonly output: string;
  readonly counts?: TestCounts;
  /** One word or two for the step's line, such as what was skipped and why. */
  readonly note?: string;
}

/** One thing to check, with the name that its line has. */
export interface Step {
  readonly name: string;
  run(): Promise<StepResult>;
}

/** No test at all: where counting begins. */
export const noTests: TestCounts = { passed: 0, failed: 0, skipped: 0 };

/** The sum of two counts. */
export function addCounts(a: TestCounts, b: TestCounts): TestCounts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** `3 passed, 0 failed, 1 skipped`, the last part only where something was. */
export function countsText(counts: TestCounts): string {
  const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`;
  return `${counts.passed} passed, ${counts.failed} failed${skipped}`;
}

/**
 * Run steps, `concurrency` at a time in their order; print one line for each as it ends, and the whole output of one that
 * failed or has a note. A step that throws has failed.
 */
export async function runSteps(steps: readonly Step[], concurrency: number): Promise<StepResult[]> {
  const results: StepResult[] = [];
  const waiting = steps.entries();
  const work = async (): Promise<void> => {
    for (const [index, step] of waiting) {
      results[index] = await runStep(step);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return results;
}

async function runStep(step: Step): Promise<StepResult> {
  const start = performance.now();
  let result: StepResult;
  try {
    result = await step.run();
  } catch (error) {
    result = { ok: false, output: `${error instanceof Error ? error.stack : String(error)}\n` };
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
  const details = [result.counts && countsText(result.counts), result.note].filter((text) => text !== undefined);
  console.log(
    `${result.ok ? "ok    " : "FAILED"} ${seconds} s  ${step.name.padEnd(20)} ${details.join("; ")}`.trimEnd(),
  );
  if (!result.ok || (result.note !== undefined && result.output !== "")) {
    console.log(result.output.replace(/^/gm, "         ").trimEnd());
  }
  return result;
}
