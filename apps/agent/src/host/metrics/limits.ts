import type { HostSamples } from "./host-sample.ts";

/** Reads a file; `undefined` where there is none. */
export type FindFile = (path: string) => string | undefined;

const root = "/sys/fs/cgroup";
/** Version 1 says "none" by the largest number of pages. */
const noLimitBytes = 2 ** 60;
const groupsMax = 32;

/**
 * What the container, or the unit of the service manager, that the agent runs in may use, and uses: /proc tells of the whole machine there. Nothing where nothing is limited.
 *
 * Control groups of version 2, and of version 1.
 */
export function sampleLimits(samples: HostSamples, find: FindFile): void {
  const own = find("/proc/self/cgroup") ?? "";
  const path = /^0::(\/.*)$/m.exec(own)?.[1];
  if (path !== undefined && find(`${root}/cgroup.controllers`) !== undefined) {
    const groups = groupsUpwards(root, path);
    sampleMemory(samples, find, groups, { limit: "memory.max", used: "memory.current", inactive: "inactive_file" });
    sampleCpu(samples, find, groups);
    return;
  }
  const memory = groupOfOld(own, "memory");
  const names = { limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes", inactive: "total_inactive_file" };
  if (memory !== undefined) sampleMemory(samples, find, groupsUpwards(`${root}/memory`, memory), names);
  const cpu = groupOfOld(own, "cpu");
  if (cpu !== undefined) sampleOldCpu(samples, find, groupsUpwards("", cpu));
}

/** The group of a controller of version 1; controllers may share a line. */
function groupOfOld(own: string, controller: string): string | undefined {
  return new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(/.*)$`, "m").exec(own)?.[1];
}

/** The group itself and those around it, each of which may have a limit; inside a container the first ones are not to be seen. */
function groupsUpwards(top: string, path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== "..");
  return Array.from({ length: Math.min(parts.length + 1, groupsMax) }, (_, gone) =>
    [top, ...parts.slice(0, parts.length - gone)].join("/"),
  );
}

function sampleMemory(
  samples: HostSamples,
  find: FindFile,
  groups: readonly string[],
  names: { limit: string; used: string; inactive: string },
): void {
  const limited = groups
    .map((group) => ({ group, limit: Number(find(`${group}/${names.limit}`) ?? Number.NaN) }))
    .filter(({ limit }) => limit > 0 && limit < noLimitBytes)
    .sort((left, right) => left.limit - right.limit)[0];
  if (limited === undefined) return;
  const { group, limit } = limited;
  const all = Number(find(`${group}/${names.used}`) ?? Number.NaN);
  const inactive = new RegExp(`^${names.inactive} (\\d+)$`, "m").exec(find(`${group}/memory.stat`) ?? "")?.[1];
  // Files that nobody has read lately go when memory is needed.
  const used = Math.max(0, all - Number(inactive ?? 0));
  samples.gauge("sys.limit.memory_bytes", limit);
  samples.gauge("sys.limit.memory_used_bytes", used);
  samples.gauge("sys.limit.memory_used_percent", Math.min(100, (100 * used) / limit));
}

function sampleCpu(samples: HostSamples, find: FindFile, groups: readonly string[]): void {
  const limited = groups
    .map((group) => {
      const [quota, period] = (find(`${group}/cpu.max`) ?? "max 1").trim().split(" ").map(Number);
      return { group, cores: quota! / period! };
    })
    .filter(({ cores }) => cores > 0)
    .sort((left, right) => left.cores - right.cores)[0];
  if (limited === undefined) return;
  const { group, cores } = limited;
  const stat = find(`${group}/cpu.stat`);
  putCpu(samples, cores, numberNamed(stat, "usage_usec"), numberNamed(stat, "throttled_usec"));
}

function sampleOldCpu(samples: HostSamples, find: FindFile, groups: readonly string[]): void {
  const numberOf = (path: string) => Number(find(`${root}/${path}`) ?? Number.NaN);
  const limited = groups
    // No quota is -1.
    .map((group) => ({
      group,
      cores: numberOf(`cpu${group}/cpu.cfs_quota_us`) / numberOf(`cpu${group}/cpu.cfs_period_us`),
    }))
    .filter(({ cores }) => cores > 0)
    .sort((left, right) => left.cores - right.cores)[0];
  if (limited === undefined) return;
  const { group, cores } = limited;
  const throttledNs = numberNamed(find(`${root}/cpu${group}/cpu.stat`), "throttled_time");
  const usedUs = numberOf(`cpuacct${group}/cpuacct.usage`) / 1_000;
  putCpu(samples, cores, usedUs, throttledNs === undefined ? undefined : throttledNs / 1_000);
}

/** @param usedUs  microseconds of processor since whenever, as `throttledUs` */
function putCpu(samples: HostSamples, cores: number, usedUs?: number, throttledUs?: number): void {
  samples.gauge("sys.limit.cpu_cores", cores);
  const used = samples.since("limit cpu", usedUs);
  if (used !== undefined) {
    samples.gauge("sys.limit.cpu_used_percent", Math.min(100, used / 10 / (samples.intervalMs * cores)));
  }
  samples.counter("sys.limit.cpu_throttled_ms", throttledUs, 0.001);
}

/** The number behind a name in a file of names and numbers. */
function numberNamed(text: string | undefined, name: string): number | undefined {
  const found = new RegExp(`^${name} (\\d+)$`, "m").exec(text ?? "")?.[1];
  return found === undefined ? undefined : Number(found);
}
