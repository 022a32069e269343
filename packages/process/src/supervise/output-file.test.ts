import assert from "node:assert/strict";
import { closeSync, mkdtempSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { OutputFile } from "./output-file.ts";

test("output is kept in as many files of the size that the limits say when the process starts", () => {
  const directory = mkdtempSync(join(tmpdir(), "msec-output-"));
  try {
    let limits = { maxBytes: 100, keep: 2 };
    const output = new OutputFile({ file: join(directory, "a.log"), limits: () => limits });
    const run = (runs: number) => {
      for (let number = 0; number < runs; number++) {
        const descriptor = output.open();
        writeSync(descriptor, "x".repeat(60));
        closeSync(descriptor);
      }
    };
    run(10);
    assert.deepEqual(readdirSync(directory).sort(), ["a.log", "a.log.1", "a.log.2"]);
    limits = { maxBytes: 100, keep: 1 };
    run(1);
    assert.deepEqual(readdirSync(directory).sort(), ["a.log", "a.log.1"]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
