import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { readProcess } from "../read-process.ts";
import { temporaryDirectory } from "../testing-directory.ts";
import { UserError } from "../user-error.ts";
import { readChecked, writeChecked } from "./checked-file.ts";
import { lockDirectory } from "./lock-directory.ts";
import { replaceFile } from "./replace-file.ts";
import {
  isAlive,
  readRunRecord,
  readRunRecords,
  removeRunRecord,
  waitForRunRecord,
  waitGone,
  writeRunRecord,
} from "./run-record.ts";
import { socketPath } from "./socket-path.ts";
import { openState } from "./state-directory.ts";

test("a replaced file has the new content and mode, and leaves nothing else behind", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "a");
  await replaceFile(file, "one");
  await replaceFile(file, "two", 0o640);
  assert.equal(readFileSync(file, "utf8"), "two");
  assert.equal(statSync(file).mode & 0o777, 0o640);
  assert.deepEqual(readdirSync(directory.path), ["a"]);
  await assert.rejects(replaceFile(join(directory.path, "no", "a"), "x"), { code: "ENOENT" });
});

test("a checked file gives back its value; a damaged one is set aside and reported", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "routes.json");
  assert.deepEqual(await readChecked(file), { status: "absent" });
  const value = { b: [1, { x: null, "10": 1, "9": 2 }], a: "香蕉" };
  await writeChecked(file, value);
  assert.deepEqual(await readChecked(file), { status: "intact", value });
  const good = readFileSync(file, "utf8");
  for (const [damaged, reason] of [
    [good.replace("香", "苹"), "its checksum does not match"],
    [good.slice(0, -10), "it is not JSON"],
    ["{}", "it has no checksum"],
    ["", "it is not JSON"],
  ] as const) {
    writeFileSync(file, damaged);
    assert.deepEqual(await readChecked(file), { status: "damaged", reason, movedTo: `${file}.damaged` });
    assert.equal(readFileSync(`${file}.damaged`, "utf8"), damaged);
    assert.deepEqual(await readChecked(file), { status: "absent" });
  }
});

test("a record names one process: alive while it lives, never for a recycled pid", async () => {
  using directory = temporaryDirectory();
  const child = spawn("sleep", ["60"]);
  try {
    const record = writeRunRecord(directory.path, { name: "server", role: "server", listen: "x:1", pid: child.pid! });
    assert.equal(record.startTicks, readProcess(child.pid!)!.startTicks);
    assert.ok(isAlive(record));
    assert.ok(!isAlive({ ...record, startTicks: record.startTicks - 1 }));
    assert.deepEqual(readRunRecords(directory.path), [record]);
    assert.deepEqual(await waitForRunRecord(directory.path, "server", AbortSignal.timeout(30_000)), record);
    assert.equal(await waitGone(record, 20), false);
    const gone = waitGone(record, 30_000);
    child.kill("SIGKILL");
    assert.equal(await gone, true);
    assert.ok(!isAlive(record));
  } finally {
    child.kill("SIGKILL");
  }
});

test("a record is removed by its own process only; a damaged one is passed over; a bad name is refused", () => {
  using directory = temporaryDirectory();
  writeRunRecord(directory.path, { name: "Flight.mod_flight-127.0.0.1:7963", role: "instance", instanceId: "i1" });
  removeRunRecord(directory.path, "Flight.mod_flight-127.0.0.1:7963", 1);
  assert.equal(readRunRecords(directory.path)[0]?.instanceId, "i1");
  writeFileSync(join(directory.path, "run", "x.json"), '{"name":"x"');
  assert.equal(readRunRecord(directory.path, "x"), undefined);
  assert.equal(readRunRecords(directory.path).length, 1);
  removeRunRecord(directory.path, "Flight.mod_flight-127.0.0.1:7963");
  assert.deepEqual(readRunRecords(directory.path), []);
  assert.throws(() => writeRunRecord(directory.path, { name: "../x", role: "agent" }), UserError);
  assert.throws(() => writeRunRecord(directory.path, { name: "x", role: "agent", pid: 2 ** 22 + 1 }), /does not exist/);
});

test("readProcess tells memory, CPU, parent, group and start of a process, and nothing of one that is not", async () => {
  const self = readProcess(process.pid)!;
  assert.ok(self.memoryBytes > 10 * 1024 ** 2);
  assert.ok(self.cpuTicks > 0);
  assert.equal(self.parentPid, process.ppid);
  assert.ok(Math.abs(self.startedMs - performance.timeOrigin) < 60_000);
  const child = spawn("sleep", ["60"], { argv0: "a) R 1 (b", detached: true });
  assert.equal(readProcess(child.pid!)?.processGroup, child.pid);
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(readProcess(child.pid!), undefined);
});

test("a socket's path is in the state directory, or private in /tmp when the kernel would not take it", async () => {
  using directory = temporaryDirectory();
  assert.equal(socketPath(directory.path, "agent"), join(directory.path, "run", "agent.sock"));
  const deep = join(directory.path, "x".repeat(100));
  mkdirSync(deep);
  const path = socketPath(deep, "agent");
  const parent = join(path, "..");
  try {
    assert.match(path, /^\/tmp\/msec-\d+-[0-9a-f]{16}\/agent\.sock$/);
    assert.equal(socketPath(deep, "agent"), path);
    assert.equal(statSync(parent).mode & 0o777, 0o700);
    const server = createServer().listen(path);
    await once(server, "listening");
    server.close();
    chmodSync(parent, 0o755);
    assert.throws(() => socketPath(deep, "agent"), /is not a private directory of this user/);
  } finally {
    const { rmSync } = await import("node:fs");
    rmSync(parent, { recursive: true, force: true });
  }
  symlinkSync(directory.path, parent);
  try {
    assert.throws(() => socketPath(deep, "agent"), /is not a private directory of this user/);
  } finally {
    const { unlinkSync } = await import("node:fs");
    unlinkSync(parent);
  }
});

test("a state directory is made private with its parts; one that cannot be used is one line with what to do", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "a", ".msec");
  mkdirSync(path, { recursive: true, mode: 0o755 });
  const state = openState(path);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.ok(existsSync(state.run) && existsSync(state.log));
  const file = join(directory.path, "file");
  writeFileSync(file, "");
  assert.throws(() => openState(file), /UserError: cannot make the state directory .*file: a file is in its place/);
  assert.throws(() => openState(join(file, "x")), /a file is in its place/);
  const foreign = process.getuid!() === 0 ? undefined : "/";
  if (foreign !== undefined) assert.throws(() => openState(foreign), /belongs to user 0, not to you/);
});

test("a directory is one process's; killed with SIGKILL, it leaves no lock behind", async () => {
  using directory = temporaryDirectory();
  const script = `import { lockDirectory } from ${JSON.stringify(import.meta.resolve("./lock-directory.ts"))};
    lockDirectory(${JSON.stringify(directory.path)}); console.log("locked"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(child.stdout, "data");
    assert.throws(() => lockDirectory(directory.path, "agent directory"), {
      message: `agent directory ${directory.path} is in use by process ${child.pid}`,
    });
  } finally {
    child.kill("SIGKILL");
  }
  await once(child, "exit");
  {
    using _ours = lockDirectory(directory.path);
    assert.throws(() => lockDirectory(directory.path), /is in use by process/);
  }
  lockDirectory(directory.path)[Symbol.dispose]();
});
