import { readFileSync, statfsSync } from "node:fs";

/** Room on disk and what goes through disks and network: fields of `msec.agent.v1.ReportHostRequest`. */
export interface HostIo {
  readonly diskTotalBytes: number;
  /** What a program of this user can still write. */
  readonly diskAvailableBytes: number;
  /** Bytes a second over the last interval. */
  readonly diskReadRate: number;
  readonly diskWriteRate: number;
  readonly networkReceiveRate: number;
  readonly networkTransmitRate: number;
}

/** Below this an interval says little; the last rates are given again. */
const INTERVAL_MIN_MS = 1_000;
/** Sectors of /proc/diskstats, whatever the disk's own are. */
const SECTOR_BYTES = 512;

type Counters = readonly [read: number, written: number, received: number, sent: number];

/** Samples disk and network of this host; rates are of the time between two samples. */
export class HostIoSampler {
  readonly #directory: string;
  #counters: Counters;
  #atMs: number;
  #rates: Counters = [0, 0, 0, 0];

  /**
   * @param directory  whose file system counts as the host's disk; one that does not exist has no room
   * @param nowMs      a clock that only goes forward, milliseconds
   */
  constructor(directory: string, nowMs: number) {
    this.#directory = directory;
    this.#counters = readCounters();
    this.#atMs = nowMs;
  }

  sample(nowMs: number): HostIo {
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs >= INTERVAL_MIN_MS) {
      const counters = readCounters();
      // A counter that went back is of a device that went and came.
      const rate = (index: 0 | 1 | 2 | 3) => (Math.max(0, counters[index] - this.#counters[index]) * 1000) / elapsedMs;
      this.#rates = [rate(0), rate(1), rate(2), rate(3)];
      this.#counters = counters;
      this.#atMs = nowMs;
    }
    const [diskReadRate, diskWriteRate, networkReceiveRate, networkTransmitRate] = this.#rates;
    return { ...room(this.#directory), diskReadRate, diskWriteRate, networkReceiveRate, networkTransmitRate };
  }
}

/** Bytes read and written of all whole disks in /proc/diskstats; partitions and what is built on disks would count twice. */
export function diskBytes(diskstats: string): readonly [read: number, written: number] {
  let [read, written] = [0, 0];
  for (const line of diskstats.split("\n")) {
    const fields = line.trim().split(/\s+/);
    if (!/^(sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/.test(fields[2] ?? "")) continue;
    read += Number(fields[5]) * SECTOR_BYTES;
    written += Number(fields[9]) * SECTOR_BYTES;
  }
  return [read, written];
}

/** Bytes received and sent of all interfaces in /proc/net/dev but loopback. */
export function networkBytes(dev: string): readonly [received: number, sent: number] {
  let [received, sent] = [0, 0];
  for (const line of dev.split("\n").slice(2)) {
    const [name = "", rest] = line.split(":");
    if (rest === undefined || name.trim() === "lo") continue;
    const fields = rest.trim().split(/\s+/);
    received += Number(fields[0]);
    sent += Number(fields[8]);
  }
  return [received, sent];
}

function readCounters(): Counters {
  return [...diskBytes(readIfThere("/proc/diskstats")), ...networkBytes(readIfThere("/proc/net/dev"))];
}

function room(directory: string): { diskTotalBytes: number; diskAvailableBytes: number } {
  try {
    const { bsize, blocks, bavail } = statfsSync(directory);
    return { diskTotalBytes: bsize * blocks, diskAvailableBytes: bsize * bavail };
  } catch {
    return { diskTotalBytes: 0, diskAvailableBytes: 0 };
  }
}

// Containers and old kernels may lack one.
function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
