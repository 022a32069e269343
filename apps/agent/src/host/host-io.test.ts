import assert from "node:assert/strict";
import { test } from "node:test";
import { diskBytes, HostIoSampler, networkBytes } from "./host-io.ts";

test("whole disks count once, whatever is built on them; loopback is no network", () => {
  const diskstats = `   8       0 sda 10 0 100 5 20 0 200 7 0 1 2
   8       1 sda1 10 0 100 5 20 0 200 7 0 1 2
 259       0 nvme0n1 1 0 8 1 1 0 16 1 0 1 1
 253       0 dm-0 10 0 100 5 20 0 200 7 0 1 2
   7       0 loop0 10 0 100 5 20 0 200 7 0 1 2
`;
  assert.deepEqual(diskBytes(diskstats), [108 * 512, 216 * 512]);
  const dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0
  eth0: 1000 10 0 0 0 0 0 0 2000 20 0 0 0 0 0 0
  eth1:5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0
`;
  assert.deepEqual(networkBytes(dev), [1005, 2006]);
});

test("the room of this very disk is plausible, rates begin at nothing, and a directory that is not there has no room", () => {
  const found = new HostIoSampler("/", 0).sample(10);
  assert.ok(found.diskTotalBytes > found.diskAvailableBytes && found.diskAvailableBytes >= 0);
  assert.equal(found.diskReadRate, 0);
  const later = new HostIoSampler("/nowhere", 0).sample(2_000);
  assert.equal(later.diskTotalBytes, 0);
  assert.ok(later.networkReceiveRate >= 0 && Number.isFinite(later.networkReceiveRate));
});
