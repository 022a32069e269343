import assert from "node:assert/strict";
import { chmodSync, mkdirSync, rmdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compileCacheDirectory } from "./compile-cache.ts";
import { temporaryDirectory } from "./testing-directory.ts";

test("compiled code is kept where only this user can write, or nowhere", async () => {
  using parent = await temporaryDirectory();
  const directory = compileCacheDirectory(parent.path);
  assert.equal(directory, join(parent.path, `msec-compiled-${process.getuid?.()}`));
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.equal(compileCacheDirectory(parent.path), directory, "the next one uses it too");

  chmodSync(directory, 0o770);
  assert.equal(compileCacheDirectory(parent.path), undefined, "others may write there");
  rmdirSync(directory);

  mkdirSync(join(parent.path, "elsewhere"), { mode: 0o700 });
  symlinkSync(join(parent.path, "elsewhere"), directory);
  assert.equal(compileCacheDirectory(parent.path), undefined, "a link");

  const file = join(parent.path, "file");
  writeFileSync(file, "");
  assert.equal(compileCacheDirectory(file), undefined, "no directory can be made there");
});
