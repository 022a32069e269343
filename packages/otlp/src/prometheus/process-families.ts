import { readdirSync } from "node:fs";
import type { MetricFamily } from "./exposition.ts";
import { singleValue } from "./single-value.ts";

const startS = performance.timeOrigin / 1_000;

/** What Prometheus' clients say of their own process, under the usual names. */
export function processFamilies(): MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return [
    singleValue("counter", "process_cpu_seconds", "Processor time of this process", (user + system) / 1e6),
    singleValue("gauge", "process_resident_memory_bytes", "Memory of this process", rss),
    singleValue("gauge", "process_start_time_seconds", "When this process began, since 1970 UTC", startS),
    singleValue("gauge", "process_open_fds", "Open files and sockets of this process", openFiles()),
    singleValue("gauge", "nodejs_heap_size_used_bytes", "JavaScript heap in use", heapUsed),
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
