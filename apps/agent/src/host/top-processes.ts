import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";
import { create } from "@bufbuild/protobuf";
import {
  type HostProcess,
  HostProcessSchema,
  type ProcessSnapshot,
  ProcessSnapshotSchema,
} from "@msec/api/agent/v1/processes_pb.js";
import { type ProcessInfo, readProcess, TICKS_PER_SECOND } from "@msec/process";

/** More than that nobody reads; those that take nothing are left out. */
const SHOWN_MAX = 50;
/** On a host with more the rest is counted and not looked at: each costs a few millionths of a second of the agent. */
const READ_MAX = 8_192;
/** CPU of a shorter time says little, since the kernel counts in hundredths of a second; of a longer one it is not what there is now. */
const INTERVAL_MIN_MS = 400;
const INTERVAL_MAX_MS = 5_000;

/** What a process is of the system's own: a part of it, or of an instance. */
export type ProcessOwner = { readonly service: string; readonly instanceId: string };

interface Sample {
  readonly atMs: number;
  readonly ticks: ReadonlyMap<number, { readonly startTicks: number; readonly cpuTicks: number }>;
}

/** All processes of the host, ours and those that take most: what `top` shows. */
export class TopProcesses {
  readonly #owners: () => ReadonlyMap<number, ProcessOwner>;
  readonly #shownMax: number;
  #before: Sample | undefined;

  /**
   * @param owners    by process, or by process group for all that are in it
   * @param shownMax  so many are told of; default 50
   */
  constructor(owners: () => ReadonlyMap<number, ProcessOwner>, shownMax = SHOWN_MAX) {
    this.#owners = owners;
    this.#shownMax = shownMax;
  }

  /** How long to wait, having looked, before `take` can tell what CPU is used now; 0 where somebody has looked lately. Milliseconds. */
  prepare(): number {
    const ageMs = performance.now() - (this.#before?.atMs ?? Number.NEGATIVE_INFINITY);
    if (ageMs <= INTERVAL_MAX_MS) return Math.max(0, INTERVAL_MIN_MS - ageMs);
    this.#before = sampleOf(readAll().processes);
    return INTERVAL_MIN_MS;
  }

  take(): ProcessSnapshot {
    const { processes, total } = readAll();
    const before = this.#before;
    this.#before = sampleOf(processes);
    const overMs = this.#before.atMs - (before?.atMs ?? Number.NEGATIVE_INFINITY);
    const measured = processes.map((info) => ({ info, cpuPercent: cpuOf(info, before, overMs) }));
    const owners = this.#owners();
    const shown = mostOf(measured, owners, this.#shownMax).map(({ info, cpuPercent }) =>
      describe(info, cpuPercent, owners),
    );
    return create(ProcessSnapshotSchema, { processes: shown.filter((one) => one !== undefined), total });
  }
}

function describe(
  info: ProcessInfo,
  cpuPercent: number,
  owners: ReadonlyMap<number, ProcessOwner>,
): HostProcess | undefined {
  const { pid, state, memoryBytes, startedMs, processGroup } = info;
  const user = userOf(pid);
  // It has ended meanwhile.
  if (user === undefined) return undefined;
  const owner = owners.get(pid) ?? owners.get(processGroup);
  const program = programOf(pid);
  return create(HostProcessSchema, { pid, user, program, state, cpuPercent, memoryBytes, startedMs, ...owner });
}

type Measured = { readonly info: ProcessInfo; readonly cpuPercent: number };

// Up to half the system's own, which people look for first; then those that take most CPU, a quarter, and the rest by memory: none hides the others.
function mostOf(
  measured: readonly Measured[],
  owners: ReadonlyMap<number, ProcessOwner>,
  shownMax: number,
): Measured[] {
  const byCpu = measured.toSorted((a, b) => b.cpuPercent - a.cpuPercent || b.info.memoryBytes - a.info.memoryBytes);
  const own = byCpu.filter(({ info }) => owners.has(info.pid) || owners.has(info.processGroup));
  const most = new Set(own.slice(0, shownMax / 2));
  fill(most, byCpu, (3 * shownMax) / 4);
  fill(
    most,
    measured.toSorted((a, b) => b.info.memoryBytes - a.info.memoryBytes),
    shownMax,
  );
  return byCpu.filter((one) => most.has(one));
}

function fill(most: Set<Measured>, from: readonly Measured[], upTo: number): void {
  for (const one of from) {
    if (most.size >= upTo) return;
    most.add(one);
  }
}

function readAll(): { processes: ProcessInfo[]; total: number } {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const processes = pids.slice(0, READ_MAX).flatMap((pid) => readProcess(Number(pid)) ?? []);
  return { processes, total: pids.length };
}

function sampleOf(processes: readonly ProcessInfo[]): Sample {
  return { atMs: performance.now(), ticks: new Map(processes.map((info) => [info.pid, info])) };
}

// One that has just begun has used what it used since then.
function cpuOf({ pid, startTicks, cpuTicks }: ProcessInfo, before: Sample | undefined, overMs: number): number {
  if (before === undefined || overMs <= 0 || overMs === Number.POSITIVE_INFINITY) return 0;
  const known = before.ticks.get(pid);
  const ticks = cpuTicks - (known?.startTicks === startTicks ? known.cpuTicks : 0);
  return (ticks * 1_000 * 100) / TICKS_PER_SECOND / overMs;
}

/**
 * The name of a process' program, without a path and without arguments, which may be secrets.
 *
 * What others run tells its program only to root: then the kernel's name of it, up to fifteen characters, which a program may change.
 */
function programOf(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, "");
  } catch {
    try {
      return readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd();
    } catch {
      return ""; // It has ended meanwhile.
    }
  }
}

let users: { readonly mtimeMs: number; readonly names: ReadonlyMap<number, string> } | undefined;

function userOf(pid: number): string | undefined {
  const uid = statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
  return uid === undefined ? undefined : (userNames().get(uid) ?? String(uid));
}

// The file is read again when it has changed; users of a directory service stay numbers.
function userNames(): ReadonlyMap<number, string> {
  try {
    const { mtimeMs } = statSync("/etc/passwd");
    if (users?.mtimeMs !== mtimeMs) {
      const rows = readFileSync("/etc/passwd", "utf8")
        .split("\n")
        .map((line) => line.split(":"));
      users = { mtimeMs, names: new Map(rows.toReversed().map(([name = "", , uid]) => [Number(uid), name])) };
    }
    return users.names;
  } catch {
    return new Map(); // Containers may have none.
  }
}
