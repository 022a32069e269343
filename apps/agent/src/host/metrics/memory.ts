import type { HostSamples } from "./host-sample.ts";

/**
 * Memory and swap.
 *
 * @param meminfo  /proc/meminfo
 */
export function sampleMemory(samples: HostSamples, meminfo: string): void {
  const bytes = (key: string) => {
    const found = new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1];
    return found === undefined ? undefined : Number(found) * 1024;
  };
  const total = bytes("MemTotal");
  const available = bytes("MemAvailable");
  samples.gauge("sys.memory.total_bytes", total);
  samples.gauge("sys.memory.available_bytes", available);
  samples.gauge("sys.memory.cached_bytes", bytes("Cached"));
  if (total !== undefined && available !== undefined) {
    samples.gauge("sys.memory.used_bytes", total - available);
    samples.gauge("sys.memory.used_percent", (100 * (total - available)) / total);
  }
  const swap = bytes("SwapTotal");
  const swapFree = bytes("SwapFree");
  if (swap !== undefined && swapFree !== undefined) samples.gauge("sys.swap.used_bytes", swap - swapFree);
}

/** @param vmstat  /proc/vmstat */
export function sampleSwapping(samples: HostSamples, vmstat: string): void {
  const pages = (key: string) => {
    const found = new RegExp(`^${key} (\\d+)$`, "m").exec(vmstat)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  samples.counter("sys.swap.in_pages", pages("pswpin"));
  samples.counter("sys.swap.out_pages", pages("pswpout"));
}
