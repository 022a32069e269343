import { existsSync, statfsSync } from "node:fs";
import type { HostSamples } from "./host-sample.ts";

const mountsMax = 32;
const devicesMax = 32;
const sectorBytes = 512;
// Full by nature.
const readOnlyTypes = new Set(["squashfs", "iso9660", "erofs", "cramfs"]);

/** Where a disk is mounted. */
export interface Mount {
  readonly device: string;
  readonly directory: string;
}

/**
 * The file systems on disks, each device once; the root whatever it is on (a container's is on no device).
 *
 * @param mounts  /proc/self/mounts
 */
export function diskMounts(mounts: string): Mount[] {
  const found = new Map<string, Mount>();
  for (const line of mounts.split("\n")) {
    const [device = "", path = "", type = ""] = line.split(" ");
    const directory = path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const isRoot = directory === "/";
    if ((!device.startsWith("/dev/") && !isRoot) || readOnlyTypes.has(type)) continue;
    const key = isRoot ? "/" : device;
    const known = found.get(key);
    // A device that is mounted at several places (containers bind files of it) counts at the shortest.
    if (known === undefined || directory.length < known.directory.length) found.set(key, { device, directory });
  }
  const root = found.get("/");
  return [...found.values()].filter((mount) => mount === root || mount.device !== root?.device).slice(0, mountsMax);
}

/** Space of the file systems on disks. */
export function sampleSpace(samples: HostSamples, mounts: string): void {
  for (const { directory } of diskMounts(mounts)) {
    let space: ReturnType<typeof statfsSync>;
    try {
      space = statfsSync(directory);
    } catch {
      // Unmounted since, or not ours to see.
      continue;
    }
    const used = (space.blocks - space.bfree) * space.bsize;
    const free = space.bavail * space.bsize;
    if (used + free <= 0) continue;
    samples.gauge(`sys.disk.${directory}.used_bytes`, used);
    samples.gauge(`sys.disk.${directory}.free_bytes`, free);
    samples.gauge(`sys.disk.${directory}.used_percent`, (100 * used) / (used + free));
  }
}

/**
 * Reads and writes of whole disks.
 *
 * @param diskstats  /proc/diskstats
 * @param isWhole  whether a name is a disk and no partition; default: it has a directory in /sys/block
 */
export function sampleDiskIo(
  samples: HostSamples,
  diskstats: string,
  isWhole: (name: string) => boolean = (name) => existsSync(`/sys/block/${name}`),
): void {
  let devices = 0;
  for (const line of diskstats.split("\n")) {
    const [, , name = "", ...fields] = line.trim().split(/\s+/);
    if (name === "" || /^(loop|ram|zram|fd|sr)\d/.test(name) || !isWhole(name)) continue;
    // reads, merged, sectors, ms, writes, merged, sectors, ms, running, busy ms, weighted ms
    const [reads, , sectorsRead, readMs, writes, , sectorsWritten, writeMs, , busyMs] = fields.map(Number);
    // A disk that was never used is one of the kernel's placeholders.
    if (reads === 0 && writes === 0) continue;
    if (++devices > devicesMax) return;
    const prefix = `sys.io.${name}`;
    samples.counter(`${prefix}.read_bytes`, sectorsRead, sectorBytes);
    samples.counter(`${prefix}.written_bytes`, sectorsWritten, sectorBytes);
    samples.counter(`${prefix}.reads`, reads);
    samples.counter(`${prefix}.writes`, writes);
    const operations = samples.since(`${name} operations`, reads! + writes!);
    const waitedMs = samples.since(`${name} waited`, readMs! + writeMs!);
    const wasBusyMs = samples.since(`${name} busy`, busyMs);
    if (operations !== undefined && waitedMs !== undefined) {
      samples.gauge(`${prefix}.wait_ms`, operations === 0 ? 0 : waitedMs / operations);
    }
    if (wasBusyMs !== undefined) {
      samples.gauge(`${prefix}.busy_percent`, Math.min(100, (100 * wasBusyMs) / samples.intervalMs));
    }
  }
}
