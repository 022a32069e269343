import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";

/** How busy the host is. */
export interface HostLoad {
  /** Load average of the last minute. */
  readonly load1m: number;
  readonly memoryTotalBytes: number;
  /** What programs could get without swapping (MemAvailable). */
  readonly memoryAvailableBytes: number;
  /** CPU of all cores together since the sample before, percent 0…100. */
  readonly cpuPercent: number;
  readonly cpus: number;
}

/** Samples the host's load; CPU is what was used between two samples. */
export class HostLoadSampler {
  #busyTicks = 0;
  #totalTicks = 0;

  constructor() {
    this.sample();
  }

  sample(): HostLoad {
    const { busy, total } = cpuTicks(readFileSync("/proc/stat", "utf8"));
    const totalDelta = total - this.#totalTicks;
    const cpuPercent = totalDelta > 0 ? (100 * (busy - this.#busyTicks)) / totalDelta : 0;
    this.#busyTicks = busy;
    this.#totalTicks = total;
    const memory = readFileSync("/proc/meminfo", "utf8");
    return {
      load1m: loadavg()[0]!,
      memoryTotalBytes: memoryBytes(memory, "MemTotal"),
      memoryAvailableBytes: memoryBytes(memory, "MemAvailable"),
      cpuPercent: Math.min(100, Math.max(0, cpuPercent)),
      cpus: availableParallelism(),
    };
  }
}

/** Ticks of the first line of /proc/stat: user nice system idle iowait irq softirq steal (guest is in user). */
export function cpuTicks(stat: string): { busy: number; total: number } {
  const ticks = stat.slice(0, stat.indexOf("\n")).trim().split(/\s+/).slice(1, 9).map(Number);
  const total = ticks.reduce((sum, value) => sum + value, 0);
  return { busy: total - ticks[3]! - ticks[4]!, total };
}

function memoryBytes(meminfo: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1] ?? 0) * 1024;
}
