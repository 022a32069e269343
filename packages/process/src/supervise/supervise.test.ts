import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isAlive, type RunRecord, waitGone, writeRunRecord } from "../state/run-record.ts";
import { temporaryDirectory } from "../testing-directory.ts";
import { UserError } from "../user-error.ts";
import { BackOff } from "./back-off.ts";
import { OutputFile } from "./output-file.ts";
import { type Supervised, type SuperviseOptions, supervise } from "./supervise.ts";
import {
  nextSupervisedState,
  SUPERVISED_TRANSITIONS,
  type SupervisedEvent,
  type SupervisedState,
} from "./supervised-state.ts";

/** A supervised shell script with the states it went through; ended with the test. */
function shell(directory: string, script: string, options: Partial<SuperviseOptions> = {}) {
  const states: SupervisedState[] = [];
  const waiters = new Set<() => void>();
  const supervised = supervise({
    command: "/bin/sh",
    args: ["-c", script],
    env: { PATH: "/bin:/usr/bin" },
    cwd: directory,
    output: { file: join(directory, "out.log") },
    ...options,
    onChange: (now) => {
      if (states.at(-1) !== now.state) states.push(now.state);
      for (const look of waiters) look();
    },
  });
  return {
    supervised,
    states,
    /** Settles as soon as the condition holds. */
    until: (condition: (now: Supervised) => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!condition(supervised)) return;
          waiters.delete(look);
          resolve();
        };
        waiters.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      await supervised.stop(0);
    },
  };
}

test("each state reacts to each event as its table says, and there are no others", () => {
  const events: SupervisedEvent[] = ["start", "stop", "ready", "exit", "retry"];
  const table = Object.keys(SUPERVISED_TRANSITIONS).map((state) =>
    [state, ...events.map((event) => nextSupervisedState(state as SupervisedState, event) ?? "-")].join(" "),
  );
  assert.deepEqual(table, [
    "stopped starting - - - -",
    "starting - stopping running backing-off -",
    "running - stopping - backing-off -",
    "stopping - - - stopped -",
    "backing-off starting stopped - - starting",
  ]);
});

test("the pause doubles from 100 ms to 30 s and begins anew after 30 s of running", () => {
  const backOff = new BackOff();
  const pauses = Array.from({ length: 10 }, () => backOff.afterExit(29_999));
  assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
  assert.equal(backOff.afterExit(30_000), 100);
  assert.equal(backOff.afterExit(0), 200);
});

test("a process that ends is started again after a pause, with its status and last output as the reason", async () => {
  using directory = temporaryDirectory();
  await using run = shell(directory.path, "echo one; printf '\\033[31mred\\033[0m\\n' >&2; exit 3");
  run.supervised.start();
  await run.until((now) => now.restarts === 1 && now.state === "backing-off");
  assert.deepEqual(run.states, ["starting", "running", "backing-off", "starting", "running", "backing-off"]);
  assert.equal(run.supervised.reason, "exited with status 3; its last output: one | red");
  await run.supervised.stop();
  assert.equal(run.supervised.state, "stopped");
  assert.equal(run.supervised.run, undefined);
});

test("a process that is killed is running again without its owner doing anything", async () => {
  using directory = temporaryDirectory();
  await using run = shell(directory.path, "exec sleep 60");
  run.supervised.start();
  await run.until((now) => now.state === "running");
  const { pid } = run.supervised.run!;
  process.kill(pid, "SIGKILL");
  await run.until((now) => now.state === "running" && now.run?.pid !== pid);
  assert.equal(run.supervised.reason, "was killed by SIGKILL");
  assert.equal(run.supervised.restarts, 1);
});

test("how long a process ran, which begins its pauses anew, is no matter of a clock that is set", async (t) => {
  using directory = temporaryDirectory();
  const afterExit = t.mock.method(BackOff.prototype, "afterExit");
  const dayMs = 86_400_000;
  const real = Date.now;
  for (const stepMs of [dayMs, -dayMs]) {
    let setByMs = 0;
    const clock = t.mock.method(Date, "now", () => real() + setByMs);
    await using run = shell(directory.path, "exec sleep 60");
    run.supervised.start();
    await run.until((now) => now.state === "running");
    setByMs = stepMs;
    process.kill(run.supervised.run!.pid, "SIGKILL");
    await run.until((now) => now.state === "backing-off");
    clock.mock.restore();
  }
  const owner = shell(directory.path, "exec sleep 60");
  owner.supervised.start();
  const record = recordOf(directory.path, owner.supervised.run!.pid);
  owner.supervised.release();
  await using heir = shell(directory.path, "exec sleep 60");
  assert.ok(heir.supervised.adopt({ ...record, startedMs: record.startedMs - dayMs }));
  process.kill(record.pid, "SIGKILL");
  await heir.until((now) => now.state === "backing-off");
  const ran = afterExit.mock.calls.map((call) => call.arguments[0]);
  assert.equal(ran.length, 3);
  for (const ranMs of ran) assert.ok(ranMs >= 0 && ranMs < dayMs / 2, `${ranMs} ms`);
});

test("stopping asks first, kills after the grace, and takes the whole process group", async () => {
  using directory = temporaryDirectory();
  await using polite = shell(directory.path, "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.02; done");
  polite.supervised.start();
  // What it prints may be there before its supervisor has heard that it runs.
  await polite.until((now) => now.state === "running");
  while (!readFileSync(join(directory.path, "out.log"), "utf8").includes("up")) await new Promise(setImmediate);
  await polite.supervised.stop();
  assert.match(readFileSync(join(directory.path, "out.log"), "utf8"), /^up\n(Terminated\n)?bye\n$/);
  assert.deepEqual(polite.states, ["starting", "running", "stopping", "stopped"]);

  const output = { file: join(directory.path, "stubborn.log") };
  await using stubborn = shell(directory.path, "trap '' TERM; sleep 60 & echo $!; wait; sleep 60", {
    output,
    graceMs: 50,
  });
  stubborn.supervised.start();
  let child = "";
  while (!child.endsWith("\n")) {
    child = readFileSync(output.file, "utf8");
    await new Promise(setImmediate);
  }
  const record = recordOf(directory.path, Number(child));
  await stubborn.supervised.stop();
  assert.ok(await waitGone(record, 20_000), "its child is gone too");
});

test("a program that is not there, or not ready in time, or fails its ready check, backs off and says why", async () => {
  using directory = temporaryDirectory();
  await using missing = shell(directory.path, "", { command: join(directory.path, "nothing"), args: [] });
  missing.supervised.start();
  await missing.until((now) => now.state === "backing-off");
  assert.match(missing.supervised.reason, /^could not be started: .*nothing: there is no such program or directory/);

  await using unconfigured = shell(directory.path, "", {
    launch: () => {
      throw new UserError("etc/config.ini does not exist", { hint: "install the service" });
    },
  });
  unconfigured.supervised.start();
  await unconfigured.until((now) => now.state === "backing-off");
  assert.equal(
    unconfigured.supervised.reason,
    "could not be started: etc/config.ini does not exist; install the service",
  );

  await using hung = shell(directory.path, "echo waiting; sleep 60", {
    ready: () => new Promise(() => {}),
    readyTimeoutMs: 300,
  });
  hung.supervised.start();
  // A busy machine may take more than that to start a shell; it is started again.
  await hung.until((now) => now.state === "backing-off" && now.reason.includes("output"));
  assert.equal(hung.supervised.reason, "was not ready 0.3 s after its start and was killed; its last output: waiting");
  assert.deepEqual(hung.states.slice(0, 2), ["starting", "backing-off"]);

  await using failing = shell(directory.path, "exec sleep 60", {
    ready: () => Promise.reject(new Error("wrong port")),
  });
  failing.supervised.start();
  await failing.until((now) => now.state === "backing-off");
  assert.match(failing.supervised.reason, /^wrong port/);
});

test("an owner who changes his mind during the stop gets a new process after the old one", async () => {
  using directory = temporaryDirectory();
  await using run = shell(directory.path, "exec sleep 60");
  run.supervised.start();
  const { pid } = run.supervised.run!;
  const stopped = run.supervised.stop();
  run.supervised.start();
  await stopped;
  await run.until((now) => now.state === "running");
  assert.notEqual(run.supervised.run!.pid, pid);
  assert.equal(run.supervised.restarts, 0);
});

test("a process survives its supervisor, and the next one adopts it, sees its end and starts it again", async () => {
  using directory = temporaryDirectory();
  const first = shell(directory.path, "exec sleep 60");
  first.supervised.start();
  const old = recordOf(directory.path, first.supervised.run!.pid);
  first.supervised.release();

  await using second = shell(directory.path, "exec sleep 60");
  assert.equal(second.supervised.adopt({ ...old, startTicks: old.startTicks + 1 }), false);
  assert.equal(second.supervised.state, "stopped");
  assert.equal(second.supervised.adopt(old), true);
  await second.until((now) => now.state === "running");
  assert.equal(second.supervised.run!.adopted, true);
  process.kill(old.pid, "SIGKILL");
  await second.until((now) => now.state === "running" && now.run!.pid !== old.pid);
  assert.equal(second.supervised.restarts, 1);
  assert.match(second.supervised.reason, /^ended/);
});

test("an adopted process is stopped like any other", async () => {
  using directory = temporaryDirectory();
  const first = shell(directory.path, "exec sleep 60");
  first.supervised.start();
  const old = recordOf(directory.path, first.supervised.run!.pid);
  first.supervised.release();
  await using second = shell(directory.path, "exec sleep 60");
  second.supervised.adopt(old);
  await second.supervised.stop();
  assert.ok(!isAlive(old));
  assert.equal(second.supervised.state, "stopped");
});

test("output is rotated at its size, the writer goes on in the same file, old ones are dropped", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "a.log");
  const output = new OutputFile({ file, maxBytes: 10, keep: 2 });
  const { closeSync, writeSync, existsSync } = await import("node:fs");
  const descriptor = output.open();
  for (const text of ["first line\n", "second line\n", "third line\n", "4th\n"]) {
    writeSync(descriptor, text);
    output.rotateIfLarge();
  }
  closeSync(descriptor);
  assert.equal(readFileSync(file, "utf8"), "4th\n");
  assert.equal(readFileSync(`${file}.1`, "utf8"), "third line\n");
  assert.equal(readFileSync(`${file}.2`, "utf8"), "second line\n");
  assert.ok(!existsSync(`${file}.3`));
  assert.deepEqual(output.lastLines(5), ["4th"]);
});

test("the last lines are those of this run only", () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "a.log");
  writeFileSync(file, "of an earlier run\n");
  const output = new OutputFile({ file });
  output.open();
  assert.deepEqual(output.lastLines(5), []);
});

function recordOf(directory: string, pid: number): RunRecord {
  return writeRunRecord(directory, { name: `p${pid}`, role: "instance", pid });
}
