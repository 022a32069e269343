import type { HostSamples } from "./host-sample.ts";

// A machine with more cores has a curve for all of them together.
const coresMax = 128;

/**
 * CPU of all cores together and of each.
 *
 * @param stat  /proc/stat
 */
export function sampleCpu(samples: HostSamples, stat: string): void {
  let cores = 0;
  for (const line of stat.split("\n")) {
    const match = /^cpu(\d*)\s+(.*)$/.exec(line);
    if (match === null) continue;
    const core = match[1]!;
    if (core !== "" && ++cores > coresMax) continue;
    // user nice system idle iowait irq softirq steal; guest is in user.
    const ticks = match[2]!.split(/\s+/).slice(0, 8).map(Number);
    const total = ticks.reduce((sum, value) => sum + value, 0);
    const all = samples.since(`cpu${core} total`, total);
    const idle = samples.since(`cpu${core} idle`, ticks[3]! + ticks[4]!);
    const waiting = samples.since(`cpu${core} iowait`, ticks[4]!);
    const stolen = samples.since(`cpu${core} steal`, ticks[7]);
    if (all === undefined || all === 0 || idle === undefined) continue;
    const percent = (part: number | undefined) => (part === undefined ? undefined : (100 * part) / all);
    samples.gauge(
      core === "" ? "sys.cpu.used_percent" : `sys.cpu.${core}.used_percent`,
      percent(Math.max(0, all - idle)),
    );
    if (core !== "") continue;
    samples.gauge("sys.cpu.iowait_percent", percent(waiting));
    samples.gauge("sys.cpu.steal_percent", percent(stolen));
  }
}

/** @param loadavg  /proc/loadavg */
export function sampleLoad(samples: HostSamples, loadavg: string): void {
  const [one, five, fifteen] = loadavg.split(" ").map(Number);
  samples.gauge("sys.load.1m", one);
  samples.gauge("sys.load.5m", five);
  samples.gauge("sys.load.15m", fifteen);
}
