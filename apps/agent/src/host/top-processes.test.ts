import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { TopProcesses } from "./top-processes.ts";

test("all processes of the host with user and program, but never an argument; those of a group belong to its service", async () => {
  const child = spawn("sleep", ["600.4242"], { detached: true, stdio: "ignore" });
  try {
    await once(child, "spawn");
    const owners = new Map([[child.pid ?? 0, { service: "Flight.mod_flight", instanceId: "i1" }]]);
    const top = new TopProcesses(() => owners);
    assert.equal(top.prepare(), 400);
    // The kernel counts hundredths of a second, however long they take here.
    const before = process.cpuUsage();
    while (process.cpuUsage(before).user < 40_000);
    const { processes, total } = top.take();
    assert.ok(processes.length >= 2 && processes.length <= 50);
    assert.ok(total >= processes.length);
    const own = processes.find(({ pid }) => pid === process.pid);
    // The first of all by what it has taken since, as it alone has done nothing else.
    assert.ok(own !== undefined && own.cpuPercent > 0, JSON.stringify(own));
    assert.equal(own.program, "node");
    assert.match(own.user, /^[\w.-]+$/);
    assert.ok(own.memoryBytes > 10 * 2 ** 20 && Math.abs(own.startedMs - Date.now()) < 600_000);
    assert.deepEqual(
      processes.map(({ cpuPercent }) => cpuPercent),
      processes.map(({ cpuPercent }) => cpuPercent).sort((a, b) => b - a),
    );
    assert.doesNotMatch(
      JSON.stringify(processes, (_, value) => (typeof value === "bigint" ? "" : value)),
      /600\.4242/,
    );
    // It takes so little that a busy host may not show it: then only the service's name could be missing.
    const slept = processes.find(({ pid }) => pid === child.pid);
    if (slept !== undefined) assert.equal(slept.service, "Flight.mod_flight");
    assert.ok(top.prepare() <= 400);
  } finally {
    child.kill("SIGKILL");
  }
});
