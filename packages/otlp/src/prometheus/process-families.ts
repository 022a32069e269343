import { readdirSync } from "node:fs";
import type { MetricFamily } from "./exposition.ts";

const startS = performance.timeOrigin / 1_000;

/** What Prometheus' clients say of their own process, under the usual names. */
export function processFamilies(): MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  const gauge = (name: string, help: string, value: number): MetricFamily => ({
    ...{ name, help, type: "gauge" },
    samples: [{ labels: {}, value }],
  });
  return [
    {
      ...{ name: "process_cpu_seconds", help: "Processor time of this process", type: "counter" },
      samples: [{ labels: {}, value: (user + system) / 1e6 }],
    },
    gauge("process_resident_memory_bytes", "Memory of this process", rss),
    gauge("process_start_time_seconds", "When this process began, since 1970 UTC", startS),
    gauge("process_open_fds", "Open files and sockets of this process", openFiles()),
    gauge("nodejs_heap_size_used_bytes", "JavaScript heap in use", heapUsed),
  ];
}

function openFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    // No /proc: not Linux.
    return Number.NaN;
  }
}
