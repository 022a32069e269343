import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isAlive, openState, readRunRecords, writeRunRecord } from "@msec/process";
import { type CommandContext, getState } from "../context.ts";
import { en } from "../messages/en.ts";
import { findState } from "./find-state.ts";
import { stopSystem } from "./stop-system.ts";
import { readSystemProcesses } from "./system-processes.ts";

function temporaryDirectory(t: { after(fn: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), "msec-state-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test("the state is the option's, else the variable's, else the nearest upwards, else the one that msec.ini names", (t) => {
  const directory = temporaryDirectory(t);
  for (const path of [".msec", "named", "below/deep", "other/elsewhere"])
    mkdirSync(join(directory, path), { recursive: true });
  writeFileSync(join(directory, "other/msec.ini"), "[system]\nstate = elsewhere\n");
  const find = (option: string | undefined, variable: string | undefined, path: string) =>
    findState({ option, variable, workingDirectory: join(directory, path) });
  assert.equal(find("named", "other", "."), join(directory, "named"));
  assert.equal(find(undefined, "named", "."), join(directory, "named"));
  assert.equal(find(undefined, undefined, "below/deep"), join(directory, ".msec"));
  assert.equal(find(undefined, undefined, "other"), join(directory, "other/elsewhere"));
  assert.equal(find("gone", undefined, "."), undefined);
});

async function startSleeper(state: string, name: string, role: string, script = "setInterval(() => {}, 1000)") {
  const child = spawn(process.execPath, ["--eval", `${script}; console.log("up")`], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(child.stdout, "data");
  writeRunRecord(state, { name, role, pid: child.pid ?? 0, listen: "" });
  return child;
}

test("whoever may not read the state of another user is told so", (t) => {
  const state = mkdtempSync(join(tmpdir(), "msec-state-"));
  t.after(() => rmSync(state, { recursive: true }));
  chmodSync(state, 0o755);
  mkdirSync(join(state, "run"));
  const context = { messages: en, environment: {}, workingDirectory: "/" } as Partial<CommandContext> as CommandContext;
  assert.equal(getState(context, { state }), state);
  chmodSync(join(state, "run"), 0);
  // Root may read everything: it looks as somebody else.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    assert.throws(() => getState(context, { state }), {
      message: `this user may not read the state directory ${state}`,
      hint: "run this as the user who started the system",
    });
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

test("the system is stopped by its records, in order, those that ignore SIGTERM are killed, and no record is left", async (t) => {
  const state = openState(temporaryDirectory(t)).path;
  const deaf = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)';
  const children = [
    await startSleeper(state, "server", "server"),
    await startSleeper(state, "agent", "agent"),
    await startSleeper(state, "Flight.mod_flight-1", "instance", deaf),
  ];
  t.after(() => {
    for (const child of children) child.kill("SIGKILL");
  });
  const stopped: string[] = [];
  assert.deepEqual(await stopSystem(state, (record) => stopped.push(record.role), { instance: 200 }), []);
  assert.deepEqual(stopped, ["agent", "instance", "server"]);
  assert.deepEqual(readRunRecords(state), []);
});

test("processes are listed with memory and uptime, dead ones as dead", async (t) => {
  const state = openState(temporaryDirectory(t)).path;
  const child = await startSleeper(state, "agent", "agent");
  t.after(() => child.kill("SIGKILL"));
  writeRunRecord(state, { name: "launcher", role: "launcher", listen: "" });
  const [launcher, agent] = readSystemProcesses(state, Date.now());
  assert.equal(launcher?.record.role, "launcher");
  assert.ok(agent?.alive && agent.memoryBytes > 1_000_000 && agent.uptimeMs >= 0);
  child.kill("SIGKILL");
  await once(child, "exit");
  const dead = readSystemProcesses(state, Date.now())[1];
  assert.deepEqual([dead?.alive, dead?.memoryBytes, dead && isAlive(dead.record)], [false, 0, false]);
});
