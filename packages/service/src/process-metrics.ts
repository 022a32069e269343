import { readdirSync } from "node:fs";
import { monitorEventLoopDelay, PerformanceObserver, performance } from "node:perf_hooks";
import { busyWait } from "@msec/rpc";
import { SampleKind } from "@msec/telemetry";

/** One value of a metric of this process. */
export type ProcessSample = { readonly name: string; readonly kind: SampleKind; readonly value: number };

// As often as hosts report theirs.
const INTERVAL_MS = 10_000;
// How often the event loop is looked at: a timer of the loop itself, 50 times a second.
const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

/**
 * What the framework finds in its own process every ten seconds: CPU, memory, lateness of the event loop, garbage collection, files. Nothing of it happens per call.
 *
 * @see docs/reference/metrics.md
 */
export class ProcessMetrics {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #collections: PerformanceObserver;
  #pauseMs = 0;
  #count = 0;
  #cpu = process.cpuUsage();
  #loop = performance.eventLoopUtilization();
  #waitedMs = busyWait.waitedMs;
  #sampledMs: number;

  /** Begins to look; `nowMs` is milliseconds since 1970 UTC. */
  constructor(nowMs: number) {
    this.#sampledMs = nowMs;
    this.#delay.enable();
    this.#collections = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.#pauseMs += duration;
        this.#count++;
      }
    });
    this.#collections.observe({ entryTypes: ["gc"] });
  }

  /**
   * The samples of the interval that is over, or `undefined` while it is not: intervals end with each ten seconds of the clock.
   *
   * @param nowMs  milliseconds since 1970 UTC
   */
  due(nowMs: number): readonly ProcessSample[] | undefined {
    const passedMs = nowMs - this.#sampledMs;
    if (Math.floor(nowMs / INTERVAL_MS) === Math.floor(this.#sampledMs / INTERVAL_MS)) return undefined;
    this.#sampledMs = nowMs;
    // The clock was set back, or far ahead: what is counted from now on is right again.
    return passedMs <= 0 ? undefined : this.#sample(passedMs);
  }

  /** Looks no more. */
  stop(): void {
    this.#delay.disable();
    this.#collections.disconnect();
  }

  #sample(passedMs: number): readonly ProcessSample[] {
    const cpu = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    const loop = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(loop, this.#loop);
    this.#loop = loop;
    const waitedMs = busyWait.waitedMs - this.#waitedMs;
    this.#waitedMs = busyWait.waitedMs;
    const { rss, heapUsed } = process.memoryUsage();
    const late = (ns: number) => Math.max(0, ns / NS_PER_MS - RESOLUTION_MS);
    const samples = [
      gauge("frm.process.cpu_percent", (cpu.user + cpu.system) / 10 / passedMs),
      gauge("frm.process.memory_rss_bytes", rss),
      gauge("frm.process.heap_used_bytes", heapUsed),
      gauge("frm.process.handles", process.getActiveResourcesInfo().length),
      gauge("frm.loop.delay_p50_ms", late(this.#delay.percentile(50))),
      gauge("frm.loop.delay_p99_ms", late(this.#delay.percentile(99))),
      gauge("frm.loop.delay_max_ms", late(this.#delay.max)),
      gauge("frm.loop.used_percent", 100 * Math.max(0, utilization - waitedMs / passedMs)),
      { name: "frm.gc.pause_ms", kind: SampleKind.counter, value: this.#pauseMs },
      { name: "frm.gc.count", kind: SampleKind.counter, value: this.#count },
      ...openFiles(),
    ];
    this.#delay.reset();
    this.#pauseMs = 0;
    this.#count = 0;
    return samples.filter(({ value }) => Number.isFinite(value));
  }
}

function gauge(name: string, value: number): ProcessSample {
  return { name, kind: SampleKind.gauge, value };
}

function openFiles(): ProcessSample[] {
  try {
    return [gauge("frm.process.open_files", readdirSync("/proc/self/fd").length)];
  } catch {
    // No /proc: not Linux.
    return [];
  }
}
