import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { readRelease, releaseOfProcess } from "./instance-release.ts";

test("the release of a service is what its file says, else a name made of its files", () => {
  using root = temporaryDirectory();
  const directory = join(root.path, "Shop", "cart");
  assert.equal(readRelease(root.path, "Shop.cart"), "");
  mkdirSync(join(directory, "bin", "lib"), { recursive: true });
  mkdirSync(join(directory, "etc"));
  assert.equal(readRelease(root.path, "Shop.cart"), "");
  const program = join(directory, "bin", "main.ts");
  writeFileSync(program, "serve();");
  writeFileSync(join(directory, "bin", "lib", "a.ts"), "1");
  symlinkSync("lib/a.ts", join(directory, "bin", "b.ts"));
  const first = readRelease(root.path, "Shop.cart");
  assert.match(first, /^files-[0-9a-f]{8}$/);
  utimesSync(program, 1, 1);
  assert.equal(readRelease(root.path, "Shop.cart"), first);
  writeFileSync(join(directory, "bin", "lib", "a.ts"), "2");
  const second = readRelease(root.path, "Shop.cart");
  assert.notEqual(second, first);
  writeFileSync(join(directory, "etc", "config.ini"), "[LOG]\n");
  assert.notEqual(readRelease(root.path, "Shop.cart"), second);
  writeFileSync(join(directory, "release"), "2026.11.22-1\nby somebody\n");
  assert.equal(readRelease(root.path, "Shop.cart"), "2026.11.22-1");
  writeFileSync(join(directory, "release"), "with a space\n");
  assert.match(readRelease(root.path, "Shop.cart"), /^files-/);
  rmSync(directory, { recursive: true });
  assert.equal(readRelease(root.path, "Shop.cart"), "");
});

test("a process without one in its environment has no release", () => {
  assert.equal(releaseOfProcess(process.pid), "");
  assert.equal(releaseOfProcess(2 ** 30), "");
});
