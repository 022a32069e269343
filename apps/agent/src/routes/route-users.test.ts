import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { RouteUsers } from "./route-users.ts";

test("the lowest version that any process uses is that of this host, and who changes it is told", () => {
  let changes = 0;
  let nowMs = 0;
  const users = new RouteUsers(
    () => nowMs,
    () => changes++,
  );
  const [one, two] = [{}, {}];
  assert.deepEqual(users.lowest(7n, 0), { used: 7n, all: 0, behind: 0 });
  users.asks(one, process.pid, 7n, 0);
  users.asks(two, process.pid, 6n, 0);
  assert.deepEqual(users.lowest(7n, 0), { used: 6n, all: 2, behind: 1 });
  users.answered(two, false);
  users.asks(two, process.pid, 7n, 0);
  assert.deepEqual(users.lowest(7n, 0), { used: 7n, all: 2, behind: 0 });
  assert.equal(changes, 3);
  // What they name counts in the tables of another generation.
  assert.deepEqual(users.lowest(3n, 1), { used: 0n, all: 2, behind: 2 });
  users.answered(one, true);
  assert.equal(users.lowest(7n, 0).all, 1, "its connection broke");
  users.answered(two, false);
  nowMs += 10_001;
  assert.equal(users.lowest(7n, 0).all, 0, "it asks no more");
});

test("a process that has ended uses nothing", async () => {
  const users = new RouteUsers(
    () => 0,
    () => {},
  );
  const child = spawn("sleep", ["60"]);
  users.asks({}, child.pid ?? 0, 1n, 0);
  assert.deepEqual(users.lowest(2n, 0), { used: 1n, all: 1, behind: 1 });
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.deepEqual(users.lowest(2n, 0), { used: 2n, all: 0, behind: 0 });
});
