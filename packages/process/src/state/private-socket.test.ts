import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { assertTrustedSocket, prepareSocketPlace } from "./private-socket.ts";

async function world() {
  const directory = mkdtempSync(join(tmpdir(), "msec-socket-"));
  const path = join(directory, "x.sock");
  const server = createServer().listen(path);
  await new Promise((listening) => server.once("listening", listening));
  return {
    directory,
    path,
    async [Symbol.asyncDispose]() {
      await new Promise((closed) => server.close(closed));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

test("a socket that an earlier process left is removed, anything else at its path is not", async () => {
  await using place = await world();
  prepareSocketPlace(place.path);
  assert.equal(existsSync(place.path), false);
  prepareSocketPlace(place.path);
  writeFileSync(place.path, "mine");
  assert.throws(() => prepareSocketPlace(place.path), /something that is no socket is in its place/);
  assert.throws(() => assertTrustedSocket(place.path), /is no socket/);
  rmSync(place.path);
  symlinkSync("/dev/null", place.path);
  assert.throws(() => prepareSocketPlace(place.path), /no socket is in its place/);
});

test("a directory that others can write, a link, or none is refused; /tmp above it is not", async () => {
  await using place = await world();
  prepareSocketPlace(place.path);
  for (const mode of [0o770, 0o707, 0o1777]) {
    chmodSync(place.directory, mode);
    assert.throws(() => prepareSocketPlace(place.path), /can be written by other users/);
  }
  chmodSync(place.directory, 0o750);
  prepareSocketPlace(place.path);
  mkdirSync(join(place.directory, "real"));
  symlinkSync("real", join(place.directory, "link"));
  assert.throws(() => prepareSocketPlace(join(place.directory, "link", "x.sock")), /link is a symbolic link/);
  assert.throws(() => prepareSocketPlace(join(place.directory, "none", "x.sock")), /none does not exist/);
  chmodSync(place.directory, 0o777);
  const inside = join(place.directory, "real", "x.sock");
  prepareSocketPlace(inside);
  assert.throws(() => prepareSocketPlace(inside, { above: true }), /msec-socket-\w+ can be written by other users/);
});

test("a directory or a socket of another user is refused, to listen and to connect", {
  skip: process.getuid?.() !== 0 && "only root can give files away",
}, async () => {
  await using place = await world();
  assertTrustedSocket(place.path);
  chownSync(place.path, 65_534, 65_534);
  assert.throws(() => assertTrustedSocket(place.path), /belongs to user 65534, not to you or root/);
  assert.throws(() => prepareSocketPlace(place.path), /belongs to user 65534/);
  chownSync(place.directory, 65_534, 65_534);
  assert.throws(() => prepareSocketPlace(place.path), /belongs to user 65534/);
  assert.throws(() => assertTrustedSocket(join(place.directory, "other.sock")), /there is no socket/);
});
