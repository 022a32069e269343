import assert from "node:assert/strict";
import { closeSync, existsSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "./log/create-log.ts";
import { OutputFile } from "./supervise/output-file.ts";
import { smallDisk, whyNoSmallDisk } from "./testing-disk.ts";

const skip = whyNoSmallDisk() ?? false;

test("a log on a full disk fails nobody, counts what is lost, and goes on where it stopped", { skip }, async () => {
  await using disk = await smallDisk(256 * 1024);
  const file = join(disk.path, "program.log");
  const unwritable: string[] = [];
  let lost = 0;
  const log = createLog({
    name: "x",
    to: file,
    onUnwritable: ({ message }) => unwritable.push(message),
    onLost: () => lost++,
  });
  log.info("before");
  disk.fill();
  // The file's last page has room for some of them, the memory for others.
  for (let number = 0; number < 1_000; number++) log.info("while", { number, text: "x".repeat(200) });
  assert.equal(unwritable.length, 1);
  assert.match(unwritable[0]!, /ENOSPC/);
  assert.ok(lost > 100, `${lost} lines lost`);
  disk.clear();
  log.info("after");
  const lines = readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const numbers = lines.filter(({ msg }) => msg === "while").map(({ number }) => number);
  assert.deepEqual(
    numbers,
    numbers.map((_, position) => position),
    "the first ones, whole and in order",
  );
  const missing = lines.find(({ msg }) => /lines are missing here/.test(msg));
  assert.equal(missing.lines, lost);
  // The line that finds out that there is room again may be one of those for which there was none.
  const after = lines.filter(({ msg }) => msg === "after").length;
  assert.equal(numbers.length + after + lost, 1_001);
  log.info("later");
  assert.match(readFileSync(file, "utf8"), /later"\}\n$/);
});

test("output is rotated on a full disk into the room of its oldest files, or stays as it is", { skip }, async () => {
  await using disk = await smallDisk(256 * 1024);
  const output = new OutputFile({ file: join(disk.path, "a.log"), maxBytes: 32 * 1024, keep: 3 });
  const run = (letter: string) => {
    const descriptor = output.open();
    writeSync(descriptor, letter.repeat(32 * 1024));
    closeSync(descriptor);
  };
  const letters = () =>
    ["", ".1", ".2", ".3"].map((end) => {
      const file = `${join(disk.path, "a.log")}${end}`;
      return existsSync(file) ? readFileSync(file, "utf8").slice(0, 1) : "";
    });
  for (const letter of "abc") run(letter);
  assert.deepEqual(letters(), ["c", "b", "a", ""]);
  disk.fill();
  assert.equal(output.rotateIfLarge(), true);
  assert.deepEqual(letters(), ["", "c", "b", ""]);

  await using tiny = await smallDisk(64 * 1024);
  const alone = new OutputFile({ file: join(tiny.path, "a.log"), maxBytes: 32 * 1024 });
  closeSync(alone.open());
  const descriptor = alone.open();
  writeSync(descriptor, "x".repeat(32 * 1024));
  tiny.fill();
  assert.equal(alone.rotateIfLarge(), false);
  assert.equal(statSync(alone.file).size, 32 * 1024, "nothing of it is lost");
  assert.equal(existsSync(`${alone.file}.0`), false);
  tiny.clear();
  assert.equal(alone.rotateIfLarge(), true);
  closeSync(descriptor);
});
