import assert from "node:assert/strict";
import { test } from "node:test";
import { cpuTicks, HostLoadSampler } from "./host-load.ts";

test("busy time is everything but idle and waiting for disks; guests count once", () => {
  assert.deepEqual(cpuTicks("cpu  10 1 5 100 7 1 2 3 9 9\ncpu0 1 1 1 1 1 1 1 1 0 0\n"), { busy: 22, total: 129 });
});

test("the load of this very host is plausible", () => {
  const load = new HostLoadSampler().sample();
  assert.ok(load.cpus >= 1);
  assert.ok(load.memoryTotalBytes > load.memoryAvailableBytes && load.memoryAvailableBytes > 0);
  assert.ok(load.cpuPercent >= 0 && load.cpuPercent <= 100);
});
