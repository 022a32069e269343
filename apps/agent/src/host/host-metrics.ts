import { readFileSync } from "node:fs";
import type { Log } from "@msec/process";
import { sampleCpu, sampleLoad } from "./metrics/cpu.ts";
import { sampleDiskIo, sampleSpace } from "./metrics/disks.ts";
import { type HostSample, HostSamples } from "./metrics/host-sample.ts";
import { KernelCounters } from "./metrics/kernel-counters.ts";
import { sampleLimits } from "./metrics/limits.ts";
import { sampleMemory, sampleSwapping } from "./metrics/memory.ts";
import { sampleInterfaces, sampleProtocols } from "./metrics/network.ts";

/** Each part reads its own files, so that one that is missing (containers, old kernels) costs only what is made of it. */
const parts: readonly (readonly [what: string, sample: (samples: HostSamples) => void])[] = [
  ["cpu", (samples) => sampleCpu(samples, read("/proc/stat"))],
  ["load", (samples) => sampleLoad(samples, read("/proc/loadavg"))],
  ["memory", (samples) => sampleMemory(samples, read("/proc/meminfo"))],
  ["swap", (samples) => sampleSwapping(samples, read("/proc/vmstat"))],
  ["limits", (samples) => sampleLimits(samples, findFile)],
  ["disk space", (samples) => sampleSpace(samples, read("/proc/self/mounts"))],
  ["disk input and output", (samples) => sampleDiskIo(samples, read("/proc/diskstats"))],
  ["network interfaces", (samples) => sampleInterfaces(samples, read("/proc/net/dev"))],
  [
    "TCP and UDP",
    (samples) => {
      sampleProtocols(samples, read("/proc/net/snmp"), readIfThere("/proc/net/snmp6"), read("/proc/net/netstat"));
    },
  ],
];

/** The metrics of this host, from /proc. */
export class HostMetrics {
  readonly #counters = new KernelCounters();
  readonly #log: Log;
  readonly #silent = new Set<string>();
  #sampledMs: number;

  /** @param nowMs  a clock that only goes forward, milliseconds */
  constructor(log: Log, nowMs: number) {
    this.#log = log;
    this.#sampledMs = nowMs;
    // The first round only sees where counters stand.
    this.sample(nowMs);
  }

  /** All metrics as they are now; what is counted is what came since the sample before. */
  sample(nowMs: number): readonly HostSample[] {
    const samples = new HostSamples(this.#counters, Math.max(1, nowMs - this.#sampledMs));
    this.#sampledMs = nowMs;
    for (const [what, sample] of parts) {
      try {
        sample(samples);
      } catch (error) {
        if (this.#silent.has(what)) continue;
        this.#silent.add(what);
        this.#log.warn(`no metrics of ${what} on this host`, { error });
      }
    }
    this.#counters.endRound();
    return samples.all;
  }
}

function read(path: string): string {
  return readFileSync(path, "utf8");
}

function readIfThere(path: string): string {
  return findFile(path) ?? "";
}

/** `undefined` where there is none: no IPv6, no limits. */
function findFile(path: string): string | undefined {
  try {
    return read(path);
  } catch {
    return undefined;
  }
}
