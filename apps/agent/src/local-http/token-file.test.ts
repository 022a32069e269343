import assert from "node:assert/strict";
import { chmodSync, chownSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { quietLog } from "../testing/quiet-log.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { openTokenFile } from "./token-file.ts";

test("a token is made once, of mode 0600, and only it is taken", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "token");
  const { log, lines } = quietLog();
  const isToken = await openTokenFile(file, log);
  const token = readFileSync(file, "utf8").trim();
  assert.equal(Buffer.from(token, "base64url").length, 32);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(isToken(token), true);
  for (const wrong of ["", `${token}A`, token.slice(0, -1), token.toLowerCase()]) assert.equal(isToken(wrong), false);
  const again = await openTokenFile(file, log);
  assert.equal(again(token), true);
  assert.deepEqual(lines(), []);
});

test("a token that others could read or wrote, a link, or what is none is replaced, and the log says why", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "token");
  const { log } = quietLog();
  await openTokenFile(file, log);
  let token = readFileSync(file, "utf8");
  const spoil: [what: () => void, why: RegExp][] = [
    [() => chmodSync(file, 0o640), /other users could read it/],
    [() => writeFileSync(file, "short\n"), /no token in it/],
    [() => writeFileSync(file, "x".repeat(5_000)), /no token in it/],
    [
      () => {
        renameSync(file, `${file}.elsewhere`);
        symlinkSync(`${file}.elsewhere`, file);
      },
      /a symbolic link/,
    ],
  ];
  if (process.getuid?.() === 0) spoil.push([() => chownSync(file, 65_534, 65_534), /belonged to user 65534/]);
  for (const [what, why] of spoil) {
    what();
    const { log: heard, lines } = quietLog();
    await openTokenFile(file, heard);
    const now = readFileSync(file, "utf8");
    assert.notEqual(now, token);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(JSON.stringify(lines()), why);
    assert.equal(JSON.stringify(lines()).includes(now.trim()), false, "no token in a log");
    token = now;
  }
});
