import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand } from "./command.ts";

const runner = join(import.meta.dirname, "node-tests.ts");

// In a process of its own: Node's runner does nothing when it is started from within a test.
async function runFiles(files: Record<string, string>, fileMs: number, { together = false } = {}) {
  const directory = await mkdtemp(join(tmpdir(), "msec-node-tests-"));
  try {
    const paths = Object.keys(files).map((name) => join(directory, `${name}.test.ts`));
    await Promise.all(Object.values(files).map((source, index) => writeFile(paths[index] ?? "", source)));
    const program = `import { runNodeTests } from ${JSON.stringify(runner)};
      import { Pool } from ${JSON.stringify(join(import.meta.dirname, "pool.ts"))};
      console.log(JSON.stringify(await runNodeTests(${JSON.stringify(together ? [paths] : paths.map((path) => [path]))}, { pool: new Pool(2), fileMs: ${fileMs} })));`;
    const main = join(directory, "main.ts");
    await writeFile(main, program);
    const { output } = await runCommand(process.execPath, [main]);
    const json = output.split("\n").find((line) => line.startsWith("{"));
    return JSON.parse(json ?? assert.fail(output)) as { ok: boolean; output: string; counts: object; note?: string };
  } finally {
    await rm(directory, { recursive: true });
  }
}

test("each test counts once, suites do not, and only what failed is reported with its cause and its output", async () => {
  const result = await runFiles(
    {
      mixed: `import { describe, test } from "node:test";
        describe("suite", () => {
          test("good", () => {});
          test("left out", { skip: true }, () => {});
          test("bad", () => { console.log("seen"); throw new Error("because"); });
        });`,
    },
    10_000,
  );
  assert.deepEqual(result.counts, { passed: 1, failed: 1, skipped: 1 });
  assert.match(result.output, /✖ bad\n.*because/s);
  assert.match(result.output, /seen/);
  assert.equal(result.ok, false);
});

test("a file that throws, one without tests and one that never ends have each failed", async () => {
  const result = await runFiles(
    {
      throws: 'throw new Error("at the top");',
      empty: "export {};",
      endless: 'import { test } from "node:test"; test("hangs", () => new Promise(() => setInterval(() => {}, 1000)));',
    },
    8_000,
  );
  assert.deepEqual(result.counts, { passed: 0, failed: 3, skipped: 0 });
  assert.match(result.output, /at the top/);
  assert.match(result.output, /no test in this file/);
});

test("files that share a process count as they would alone, and say whose failure it is", async () => {
  const good = 'import { test } from "node:test"; test("good", () => {}); test("left out", { skip: true }, () => {});';
  const both = await runFiles({ one: good, two: good }, 10_000, { together: true });
  assert.deepEqual(both, { ok: true, output: "", counts: { passed: 2, failed: 0, skipped: 2 } });
  const bad = 'import { test } from "node:test"; test("bad", () => { throw new Error("because"); });';
  const mixed = await runFiles({ one: good, two: bad }, 10_000, { together: true });
  assert.deepEqual(mixed.counts, { passed: 1, failed: 1, skipped: 1 });
  assert.match(mixed.output, /two\.test\.ts\n.*✖ bad\n.*because/s);
  assert.equal(mixed.ok, false);
});

test("files that pass alone and not in one process have failed", async () => {
  const file = `import assert from "node:assert/strict"; import { test } from "node:test";
    test("is alone", () => { assert.equal(globalThis.seen, undefined); globalThis.seen = true; });`;
  const result = await runFiles({ one: file, two: file }, 10_000, { together: true });
  assert.deepEqual(result.counts, { passed: 2, failed: 1, skipped: 0 });
  assert.match(result.output, /two\.test\.ts: is alone[\s\S]*they disturb each other/);
});

test("a process shared by a file without tests has failed", async () => {
  const good = 'import { test } from "node:test"; test("good", () => {});';
  const result = await runFiles({ good, empty: "export {};" }, 10_000, { together: true });
  assert.deepEqual(result.counts, { passed: 1, failed: 1, skipped: 0 });
  assert.match(result.output, /no test in this file/);
});

/** A test file with a test that fails in the runs, counted from 1, that `fails` (an expression of `run`) tells. */
const failsIn = (fails: string, name: string) =>
  `import { existsSync, readFileSync, writeFileSync } from "node:fs"; import { test } from "node:test";
    const seen = new URL(import.meta.url + ".runs");
    test("${name}", () => {
      const run = existsSync(seen) ? Number(readFileSync(seen)) + 1 : 1;
      writeFileSync(seen, String(run));
      if (${fails}) throw new Error("held up");
    });`;

test("a process shared by files in which another test fails each time, and none twice, was held up: each is named", async () => {
  const files = { one: failsIn("run === 1", "first"), two: failsIn("run === 3", "third") };
  const result = await runFiles(files, 10_000, { together: true });
  assert.deepEqual(result.counts, { passed: 2, failed: 0, skipped: 0 });
  assert.match(result.output, /one\.test\.ts: first[\s\S]*held up/);
  assert.match(result.note ?? "", /failed once and passed when run again: .*one\.test\.ts/);
});

test("a file that failed is run once more: its failure is kept and it is named", async () => {
  const unsteady = failsIn("run === 1", "good at the second time");
  const bad = 'import { test } from "node:test"; test("bad", () => { throw new Error("because"); });';
  const passed = await runFiles({ unsteady }, 10_000);
  assert.deepEqual(passed.counts, { passed: 1, failed: 0, skipped: 0 });
  assert.match(passed.output, /held up/);
  assert.match(passed.note ?? "", /failed once and passed when run again: .*unsteady\.test\.ts/);
  const failed = await runFiles({ bad }, 10_000);
  assert.deepEqual(failed.counts, { passed: 0, failed: 1, skipped: 0 });
  assert.equal(failed.note, undefined);
  assert.equal(failed.ok, false);
});
