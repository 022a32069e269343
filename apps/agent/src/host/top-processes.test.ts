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
    // As many as there are: a machine full of tests has larger ones than this.
    const top = new TopProcesses(() => owners, 100_000);
    assert.equal(top.prepare(), 400);
    // The kernel counts hundredths of a second, however long they take here.
    const before = process.cpuUsage();
    while (process.cpuUsage(before).user < 40_000);
    const { processes, total } = top.take();
    assert.ok(processes.length >= 2 && total >= processes.length);
    const own = processes.find(({ pid }) => pid === process.pid);
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
    assert.equal(processes.find(({ pid }) => pid === child.pid)?.service, "Flight.mod_flight");
    assert.ok(top.prepare() <= 400);
  } finally {
    child.kill("SIGKILL");
  }
});

test("only those are told of that are ours or take most", () => {
  const own = { service: "agent", instanceId: "" };
  const { processes, total } = new TopProcesses(() => new Map([[process.pid, own]]), 4).take();
  assert.equal(processes.length, Math.min(4, total));
  assert.ok(total >= processes.length);
  assert.ok(processes.some(({ memoryBytes }) => memoryBytes > 0));
  assert.equal(processes.find(({ pid }) => pid === process.pid)?.service, "agent");
});
