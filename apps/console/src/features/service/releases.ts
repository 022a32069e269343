import type { Instance } from "@msec/api/console/v1/registry_pb.js";

/** A release, and how many instances run it. */
export interface RunningRelease {
  readonly release: string;
  readonly instances: number;
}

/** What the instances that run were started from, as their agents said, the most frequent first; those of which nobody knows are left out. */
export function runningReleases(instances: readonly Instance[]): RunningRelease[] {
  const counts = new Map<string, number>();
  for (const { process } of instances) {
    if (process === undefined || process.pid === 0 || process.release === "") continue;
    counts.set(process.release, (counts.get(process.release) ?? 0) + 1);
  }
  return [...counts]
    .map(([release, count]) => ({ release, instances: count }))
    .sort((a, b) => b.instances - a.instances || a.release.localeCompare(b.release));
}
