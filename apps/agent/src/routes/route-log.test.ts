import assert from "node:assert/strict";
import { chmodSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { RouteLog } from "./route-log.ts";

test("a long file is written anew with what it has to say, so that over time it is written about three times", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "log");
  const { log } = await RouteLog.open(file);
  const text = "x".repeat(40_000);
  const whole = () => [{ whole: text }];
  let written = 0;
  for (let number = 0; number < 24; number++) {
    const before = number === 0 ? 0 : statSync(file).size;
    await log.append({ number, text }, whole);
    const { size } = statSync(file);
    written += size > before ? size - before : size;
    assert.ok(size <= 300_000, `${size}`);
  }
  assert.ok(written < 24 * 40_100 + 200_000, `${written}`);
  const { found } = await RouteLog.open(file);
  assert.equal(found.tornBytes, 0);
  assert.ok(found.records.length >= 1 && "whole" in (found.records[0] as object));
  assert.equal((readFileSync(file, "utf8").match(/\n/g) ?? []).length, found.records.length);
});

test("a change that could not be written is not there, and the next one is", async (t) => {
  if (process.getuid?.() === 0) return t.skip("root writes where nobody may");
  using directory = temporaryDirectory();
  const file = join(directory.path, "log");
  const { log } = await RouteLog.open(file);
  await log.append({ number: 1 }, () => [{ number: 1 }]);
  chmodSync(file, 0o400);
  await assert.rejects(log.append({ number: 2 }, () => []));
  chmodSync(file, 0o600);
  await log.append({ number: 3 }, () => [{ number: 1 }, { number: 3 }]);
  assert.deepEqual((await RouteLog.open(file)).found.records, [{ number: 1 }, { number: 3 }]);
});
