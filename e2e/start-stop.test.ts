import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { waitUntil } from "@msec/process/testing";
import { runMsec, startMsec } from "./command.ts";
import type { ProcessRow } from "./flight.ts";
import { findFreePorts } from "./free-ports.ts";
import { findLeftovers } from "./leftovers.ts";
import { settingsText, startSystem, type TestSystem } from "./system.ts";

let system: TestSystem;
before(async () => {
  system = await startSystem({ trafficPerSecond: 5 });
});
after(async () => {
  await system?.[Symbol.asyncDispose]();
});

/** A directory with an `msec.ini` in which nothing was started yet. */
function newDirectory(t: { after(fn: () => void): void }, settings: string): string {
  const directory = mkdtempSync(join(tmpdir(), "msec-e2e-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, "msec.ini"), settings);
  return directory;
}

test("everything is up within two minutes, with a sign-in link and three commands to try", () => {
  assert.ok(system.readySeconds < 120, `${system.readySeconds} s`);
  assert.ok(system.signInUrl.startsWith(`${system.consoleUrl}/sign-in#`), system.signInUrl);
  const commands = system.launcher.stdout().match(/^ {4}npx msec .*/gm) ?? [];
  assert.equal(commands.length, 3);
});

test("every command to try works as it is printed, but for stopping the server", async () => {
  const printed = system.launcher.stdout().match(/^ {4}npx msec (?!stop).*/gm) ?? [];
  for (const line of printed) {
    const args = [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "").slice(2);
    const { status, stderr } = await system.msec(...args);
    assert.equal(status, 0, `${line}: ${stderr}`);
  }
});

test("a second start on the same state says who runs and since when, and exits 1", async () => {
  const { status, stderr } = await system.msec("start");
  assert.equal(status, 1);
  const [launcher] = await system.msecJson<ProcessRow[]>("ps", "--json");
  assert.match(
    stderr,
    new RegExp(
      `^msec: the system is already running on \\S+: launcher ${launcher?.pid}, since \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d; stop it with `,
    ),
  );
  assert.equal(stderr.trim().split("\n").length, 1);
});

test("a taken port is named with who holds it and what to do, and nothing is left running", async (t) => {
  const [consolePort = 0, agents = 0, user = 0, flightA = 0, flightB = 0] = await findFreePorts(5);
  const settings = settingsText({ console: consolePort, agents, user, flight: [flightA, flightB] }, {});
  const directory = newDirectory(t, settings);
  const holder = createServer().listen(user, "127.0.0.1");
  t.after(() => holder.close());
  const { status, stderr } = await runMsec(["start"], directory);
  assert.equal(status, 1);
  assert.match(
    stderr,
    new RegExp(
      `^msec: port 127\\.0\\.0\\.1:${user} \\(Login\\.mod_user\\) is taken by process ${process.pid} \\(.*\\); stop that program, or set another port: \\[example\\] user_port in msec\\.ini\n$`,
    ),
  );
  assert.deepEqual(findLeftovers(directory), []);
});

test("a bad key of msec.ini is named with its line, its value's range, and the key that was meant", async (t) => {
  const misspelt = await runMsec(
    ["start"],
    newDirectory(t, "[server]\nlissten = 127.0.0.1:1\n[example]\nuser_prot = 1\n"),
  );
  assert.equal(misspelt.status, 1);
  assert.match(
    misspelt.stderr,
    /^msec: \S+msec\.ini:4: \[example\] has no key "user_prot"; did you mean "user_port"\?.*\n$/,
  );
  const value = await runMsec(["start"], newDirectory(t, "[example]\nuser_port = 99999\n"));
  assert.match(
    value.stderr,
    /^msec: \S+msec\.ini:2: \[example\] user_port: expected a whole number of 1…65535, found "99999"\n$/,
  );
  const missing = await runMsec(["start", "--config", "gone.ini"], newDirectory(t, ""));
  assert.match(missing.stderr, /^msec: cannot read \S+gone\.ini: it does not exist; .*\n$/);
});

test("a bad key of [server] stops the start with the server's own line", async (t) => {
  const [consolePort = 0, agents = 0] = await findFreePorts(2);
  const directory = newDirectory(
    t,
    `[server]\nlisten = 127.0.0.1:${consolePort}\nagent_listen = 127.0.0.1:${agents}\nlog_levle = info\n[example]\nenabled = false\n`,
  );
  const { status, stderr } = await runMsec(["start"], directory);
  assert.equal(status, 1);
  assert.match(stderr, /\[server\] has no key "log_levle".*did you mean "log_level"/);
  assert.deepEqual(findLeftovers(directory), []);
});

test("a state directory that cannot be used gives one line that says so", async (t) => {
  const directory = newDirectory(t, "[example]\nenabled = false\n");
  writeFileSync(join(directory, "file"), "");
  const inPlace = await runMsec(["start", "--state", "file/state"], directory);
  assert.equal(inPlace.status, 1);
  assert.match(
    inPlace.stderr,
    /^msec: cannot make the state directory \S+file\/state: a file is in its place; .*--state.*\n$/,
  );
  if (process.getuid?.() === 0) return; // Root may read everything.
  mkdirSync(join(directory, "closed"));
  chmodSync(join(directory, "closed"), 0o500);
  const closed = await runMsec(["start", "--state", "closed/state"], directory);
  assert.match(closed.stderr, /^msec: cannot make the state directory .*EACCES; .*\n$/);
});

test("where nothing was ever started, commands say so", async (t) => {
  const directory = newDirectory(t, "");
  for (const command of ["services", "ps", "status", "token"]) {
    const { status, stderr } = await runMsec([command], directory);
    assert.equal(status, 1, command);
    assert.match(stderr, /^msec: there is no state directory here or above.*npm start.*\n$/);
  }
});

test("a launcher that is killed leaves the rest running; the next start says so, and msec stop stops all of it", async () => {
  const { child } = system.launcher;
  const before = await system.msecJson<ProcessRow[]>("ps", "--json");
  child.kill("SIGKILL");
  await system.launcher.ended;
  const rows = await system.msecJson<ProcessRow[]>("ps", "--json");
  assert.deepEqual(
    rows.map(({ role, state }) => `${role} ${state}`),
    before.map(({ role }) => `${role} ${role === "launcher" ? "dead" : "running"}`),
  );
  const { status, stderr } = await system.msec("start");
  assert.equal(status, 1);
  assert.match(stderr, /^msec: the system runs without its launcher: server \(pid \d+\).*; stop it with npx msec stop/);
  const stopped = await system.msec("stop");
  assert.equal(stopped.status, 0, stopped.stderr);
  assert.deepEqual(findLeftovers(system.directory), []);
  assert.equal((await system.msec("stop")).stdout, "nothing is running\n");
});

test("a second start takes up what the first one left: same services, same ids, no second registration", async () => {
  const again = startMsec(["start"], system.directory);
  await waitUntil("it is up again", () => /\/sign-in#/.test(again.stdout()), 120_000);
  assert.doesNotMatch(again.stdout(), /are registered|enrolled/);
  const rows = await system.msecJson<ProcessRow[]>("ps", "--json");
  assert.equal(rows.filter(({ role }) => role === "instance").length, 4);
  again.child.kill("SIGINT");
  const { status, stdout } = await again.ended;
  assert.equal(status, 0, stdout);
  assert.match(stdout, /everything is stopped after/);
  assert.deepEqual(findLeftovers(system.directory), [], "Ctrl-C leaves nothing behind");
  const records = await system.msecJson<ProcessRow[]>("ps", "--json");
  assert.deepEqual(records, []);
  assert.ok(!existsSync(join(system.state, "run/launcher.sock")));
});

test("Ctrl-C twice during a start kills, and leaves nothing either", async () => {
  const again = startMsec(["start"], system.directory);
  await waitUntil("the server is up", () => /server +http/.test(again.stdout()), 120_000);
  again.child.kill("SIGINT");
  await waitUntil("it stops", () => /stopping/.test(again.stdout()));
  again.child.kill("SIGINT");
  await again.ended;
  assert.deepEqual(findLeftovers(system.directory), []);
});
