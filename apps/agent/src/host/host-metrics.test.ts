import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { EnvelopeSchema } from "@msec/api/agent/v1/control_pb.js";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { findMetric, SampleKind } from "@msec/telemetry";
import { quietLog } from "../testing/quiet-log.ts";
import { HostMetrics } from "./host-metrics.ts";
import { sampleCpu } from "./metrics/cpu.ts";
import { diskMounts, sampleDiskIo } from "./metrics/disks.ts";
import { HostSamples } from "./metrics/host-sample.ts";
import { KernelCounters } from "./metrics/kernel-counters.ts";
import { sampleLimits } from "./metrics/limits.ts";
import { sampleInterfaces, sampleProtocols } from "./metrics/network.ts";
import { metricsEnvelope } from "./report-metrics.ts";

/** What two rounds ten seconds apart give, the second one's samples by name. */
function twoRounds(sample: (samples: HostSamples, round: number) => void): Record<string, number> {
  const counters = new KernelCounters();
  sample(new HostSamples(counters, 10_000), 0);
  counters.endRound();
  const second = new HostSamples(counters, 10_000);
  sample(second, 1);
  return Object.fromEntries(second.all.map(({ name, value }) => [name, value]));
}

test("every metric of this very host is in the catalogue with its kind, and the usual ones are there", () => {
  const metrics = new HostMetrics(quietLog().log, 0);
  const samples = metrics.sample(10_000);
  for (const { name, kind, value } of samples) {
    assert.equal(findMetric(name)?.entry.kind, kind, name);
    assert.ok(Number.isFinite(value) && value >= 0, `${name} is ${value}`);
    if (name.endsWith("_percent")) assert.ok(value <= 100.001, `${name} is ${value}`);
  }
  const names = new Set(samples.map(({ name }) => name));
  assert.equal(names.size, samples.length);
  for (const name of [
    "sys.load.1m",
    "sys.memory.used_percent",
    "sys.disk./.used_percent",
    "sys.tcp.sent_segments",
    "sys.udp.errors",
  ])
    assert.ok(names.has(name), name);
});

test("CPU is everything but idle and waiting for disks, for all cores and each", () => {
  const stats = [
    "cpu  100 0 50 800 50 0 0 0 7 7\ncpu0 1 0 0 9 0 0 0 0 0 0\nintr 1\n",
    "cpu  120 0 60 860 55 0 0 5 9 9\ncpu0 6 0 0 14 0 0 0 0 0 0\nintr 2\n",
  ];
  assert.deepEqual(
    twoRounds((samples, round) => sampleCpu(samples, stats[round]!)),
    {
      "sys.cpu.used_percent": 35,
      "sys.cpu.iowait_percent": 5,
      "sys.cpu.steal_percent": 5,
      "sys.cpu.0.used_percent": 50,
    },
  );
});

test("a counter that went back, or is new, says nothing for one round", () => {
  const dev = (bytes: number) =>
    `Inter-|\n face |\n  eth0: ${bytes} 2 0 0 0 0 0 0 7 8 0 0 0 0 0 0\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n`;
  const rounds = twoRounds((samples, round) => sampleInterfaces(samples, dev(round === 0 ? 100 : 50)));
  assert.equal(rounds["sys.net.eth0.received_bytes"], undefined);
  assert.equal(rounds["sys.net.eth0.sent_bytes"], 0);
  assert.ok(!Object.keys(rounds).some((name) => name.startsWith("sys.net.lo")));
});

test("disks: bytes, operations, the mean wait of one, the share of the time with work; no partitions, no loops", () => {
  const stats = [
    "8 0 sda 100 0 1000 500 10 0 80 100 0 400 600\n8 1 sda1 100 0 1000 500 10 0 80 100 0 400 600\n7 0 loop0 5 0 5 5 5 0 5 5 0 5 5",
    "8 0 sda 110 0 1200 530 20 0 160 170 0 2400 900\n8 1 sda1 110 0 1200 530 20 0 160 170 0 2400 900\n7 0 loop0 9 0 9 9 9 0 9 9 0 9 9",
  ];
  assert.deepEqual(
    twoRounds((samples, round) => sampleDiskIo(samples, stats[round]!, (name) => name !== "sda1")),
    {
      "sys.io.sda.read_bytes": 200 * 512,
      "sys.io.sda.written_bytes": 80 * 512,
      "sys.io.sda.reads": 10,
      "sys.io.sda.writes": 10,
      "sys.io.sda.wait_ms": 5,
      "sys.io.sda.busy_percent": 20,
    },
  );
});

test("file systems on disks count once, at their shortest path; the root whatever it is on", () => {
  const mounts = [
    "overlay / overlay rw 0 0",
    "proc /proc proc rw 0 0",
    "tmpfs /run tmpfs rw 0 0",
    "/dev/vda1 /etc/hosts ext4 rw 0 0",
    "/dev/vdb /data\\040one xfs rw 0 0",
    "/dev/vdb /var/lib/data/one xfs rw 0 0",
    "/dev/loop3 /snap/core squashfs ro 0 0",
  ].join("\n");
  assert.deepEqual(
    diskMounts(mounts).map(({ directory }) => directory),
    ["/", "/etc/hosts", "/data one"],
  );
  assert.deepEqual(
    diskMounts("/dev/vda1 / ext4 rw 0 0\n/dev/vda1 /var/lib/docker ext4 rw 0 0").map(({ directory }) => directory),
    ["/"],
  );
});

test("TCP and UDP come from the kernel's tables by the names of their columns, UDP of both versions of IP", () => {
  const snmp = (n: number) =>
    `Tcp: RtoMin CurrEstab InSegs OutSegs RetransSegs InErrs\nTcp: 200 7 ${n} ${2 * n} ${n / 10} 0\nUdp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\nUdp: ${n} 0 ${n / 10} ${n} 0 0`;
  const netstat = "TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 0 3\n";
  const rounds = twoRounds((samples, round) => {
    sampleProtocols(samples, snmp(100 * (round + 1)), `Udp6InDatagrams ${5 * round}\n`, netstat);
  });
  assert.equal(rounds["sys.tcp.connections"], 7);
  assert.equal(rounds["sys.tcp.received_segments"], 100);
  assert.equal(rounds["sys.tcp.retransmitted_segments"], 10);
  assert.equal(rounds["sys.tcp.refused_connections"], 0);
  assert.equal(rounds["sys.udp.received_datagrams"], 105);
  assert.equal(rounds["sys.udp.errors"], 10);
});

test("an envelope of metrics belongs to no service", () => {
  const samples = [{ name: "sys.load.1m", kind: SampleKind.gauge, value: 0.5 }];
  const { service, instance, batch } = fromBinary(EnvelopeSchema, metricsEnvelope(samples, 1_800_000_000));
  const decoded = fromBinary(BatchSchema, batch);
  assert.deepEqual([service, instance], ["", ""]);
  assert.deepEqual(
    [decoded.strings[1], decoded.samples?.timeS, decoded.samples?.kind, decoded.samples?.value],
    ["sys.load.1m", [1_800_000_000], [2], [0.5]],
  );
});

test("what a container may use is told beside what the machine has, the least of the limits around it", () => {
  const group = "/sys/fs/cgroup/kube.slice/pod1";
  const files = (round: number): Record<string, string> => ({
    "/proc/self/cgroup": "0::/kube.slice/pod1/app\n",
    "/sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
    [`${group}/app/memory.max`]: "max\n",
    [`${group}/memory.max`]: "1000000\n",
    [`${group}/memory.current`]: "700000\n",
    [`${group}/memory.stat`]: "anon 400000\ninactive_file 200000\n",
    "/sys/fs/cgroup/kube.slice/memory.max": "9000000\n",
    [`${group}/app/cpu.max`]: "150000 100000\n",
    [`${group}/cpu.max`]: "max 100000\n",
    [`${group}/app/cpu.stat`]: `usage_usec ${round * 7_500_000}\nthrottled_usec ${round * 2_000}\n`,
  });
  assert.deepEqual(
    twoRounds((samples, round) => sampleLimits(samples, (path) => files(round)[path])),
    {
      "sys.limit.memory_bytes": 1_000_000,
      "sys.limit.memory_used_bytes": 500_000,
      "sys.limit.memory_used_percent": 50,
      "sys.limit.cpu_cores": 1.5,
      "sys.limit.cpu_used_percent": 50,
      "sys.limit.cpu_throttled_ms": 2,
    },
  );
  const old: Record<string, string> = {
    "/proc/self/cgroup": "4:memory:/docker/7\n1:cpu:/docker/7\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "4000\n",
    "/sys/fs/cgroup/memory/memory.usage_in_bytes": "3000\n",
    "/sys/fs/cgroup/memory/memory.stat": "inactive_file 7\ntotal_inactive_file 1000\n",
  };
  const oldSamples = twoRounds((samples) => sampleLimits(samples, (path) => old[path]));
  assert.equal(oldSamples["sys.limit.memory_used_percent"], 50);
  const oldCpu = (round: number): Record<string, string> => ({
    "/proc/self/cgroup": "2:cpu,cpuacct:/docker/7\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
    "/sys/fs/cgroup/cpu/docker/7/cpu.cfs_quota_us": "50000\n",
    "/sys/fs/cgroup/cpu/docker/7/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/cpu/docker/7/cpu.stat": `nr_periods 1\nnr_throttled 1\nthrottled_time ${round * 2_000_000}\n`,
    "/sys/fs/cgroup/cpuacct/docker/7/cpuacct.usage": `${round * 2_500_000_000}\n`,
  });
  assert.deepEqual(
    twoRounds((samples, round) => sampleLimits(samples, (path) => oldCpu(round)[path])),
    { "sys.limit.cpu_cores": 0.5, "sys.limit.cpu_used_percent": 50, "sys.limit.cpu_throttled_ms": 2 },
  );
  old["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "9223372036854771712\n";
  assert.deepEqual(
    twoRounds((samples) => sampleLimits(samples, (path) => old[path])),
    {},
    "no limit",
  );
  assert.deepEqual(
    twoRounds((samples) => sampleLimits(samples, () => undefined)),
    {},
    "no control groups",
  );
});
