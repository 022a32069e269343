import assert from "node:assert/strict";
import { closeSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
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

test("a file that cannot be rotated is tried again without a descriptor left open each time", () => {
  const directory = mkdtempSync(join(tmpdir(), "msec-output-"));
  try {
    const file = join(directory, "a.log");
    writeFileSync(file, "x".repeat(100));
    // Something is in the place of the copy.
    mkdirSync(`${file}.0`);
    const output = new OutputFile({ file, maxBytes: 10 });
    const open = () => readdirSync("/proc/self/fd").length;
    const before = open();
    for (let turn = 0; turn < 20; turn++) assert.throws(() => output.rotateIfLarge(), /EISDIR/);
    assert.ok(open() < before + 20);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
