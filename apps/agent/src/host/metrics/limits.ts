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
 * Control groups of version 2, and of version 1 memory alone.
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
  const old = /^\d+:memory:(\/.*)$/m.exec(own)?.[1];
  if (old === undefined) return;
  const names = { limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes", inactive: "total_inactive_file" };
  sampleMemory(samples, find, groupsUpwards(`${root}/memory`, old), names);
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
  const stat = find(`${group}/cpu.stat`) ?? "";
  const microseconds = (name: string) => {
    const found = new RegExp(`^${name} (\\d+)$`, "m").exec(stat)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  samples.gauge("sys.limit.cpu_cores", cores);
  const used = samples.since("limit cpu", microseconds("usage_usec"));
  if (used !== undefined) {
    samples.gauge("sys.limit.cpu_used_percent", Math.min(100, used / 10 / (samples.intervalMs * cores)));
  }
  samples.counter("sys.limit.cpu_throttled_ms", microseconds("throttled_usec"), 0.001);
}
