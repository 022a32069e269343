import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MethodTable } from "@msec/rpc";
import { listen } from "@msec/rpc-node";

function directory(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), "msec-hostile-"));
  // Open to all, so that only the socket's own permissions keep anybody out.
  chmodSync(path, 0o777);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

test("R-24a a socket is its user's only, whatever the umask", async () => {
  using place = directory();
  const path = join(place.path, "a.sock");
  const umask = process.umask(0);
  try {
    await using _listener = await listen({ methods: new MethodTable(), path });
    assert.equal(statSync(path).mode & 0o777, 0o600);
  } finally {
    process.umask(umask);
  }
  const shared = join(place.path, "b.sock");
  await using _listener = await listen({ methods: new MethodTable(), path: shared, pathMode: 0o660 });
  assert.equal(statSync(shared).mode & 0o777, 0o660);
});

test("R-24b another user cannot connect", {
  skip: whyNoOtherUser(),
}, async () => {
  using place = directory();
  const path = join(place.path, "a.sock");
  await using _listener = await listen({ methods: new MethodTable(), path });
  const script = `const s = require("node:net").connect(${JSON.stringify(path)});
    s.on("connect", () => { console.log("connected"); process.exit(); }); s.on("error", (e) => console.log(e.code));`;
  const { stdout, stderr } = runAsOther(["-e", script]);
  assert.equal(stdout.trim(), "EACCES", stderr);
});

/** Runs this very Node as nobody; by its open file, as it may lie where that user does not get to. */
function runAsOther(args: readonly string[]) {
  const node = openSync(process.execPath, "r");
  try {
    return spawnSync("/proc/self/fd/3", args, {
      ...{ uid: 65_534, gid: 65_534, cwd: "/", env: {}, encoding: "utf8", timeout: 120_000 },
      stdio: ["ignore", "pipe", "pipe", node],
    });
  } finally {
    closeSync(node);
  }
}

function whyNoOtherUser(): string | false {
  if (process.getuid?.() !== 0) return "needs root to be another user";
  const { error, stdout } = runAsOther(["-p", "process.getuid()"]);
  return stdout?.trim() !== "65534" && `another user cannot run programs here: ${error?.message ?? stdout}`;
}

test("R-24c a symbolic link or a file where the socket should be is an error, and is left as it is", async () => {
  using place = directory();
  const victim = join(place.path, "victim");
  const link = join(place.path, "link.sock");
  writeFileSync(victim, "data");
  symlinkSync(victim, link);
  const dangling = join(place.path, "dangling.sock");
  symlinkSync(join(place.path, "elsewhere.sock"), dangling);
  for (const path of [link, victim, dangling]) {
    await assert.rejects(listen({ methods: new MethodTable(), path }), { code: "EADDRINUSE" });
  }
  assert.equal(statSync(victim).size, 4);
});
