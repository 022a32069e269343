import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { systemErrorCode } from "../node-error.ts";
import { startTicksOf } from "../read-process.ts";
import { UserError } from "../user-error.ts";

const runRecordSchema = z.object({
  name: z.string(),
  role: z.string(),
  pid: z.int().positive(),
  startTicks: z.number().nonnegative(),
  startedMs: z.number(),
  listen: z.string(),
  instanceId: z.string().optional(),
});

/** One process of the system: the content of `run/<name>.json`. */
export interface RunRecord {
  /** File name without `.json`; letters, digits and `._:-`, at most 150. */
  readonly name: string;
  /** `launcher`, `server`, `telemetry-store`, `agent`, or `instance`. */
  readonly role: string;
  readonly pid: number;
  /** `/proc/<pid>/stat` field 22; pid and start together identify the process, even after the pid has been used again. */
  readonly startTicks: number;
  /** Milliseconds since 1970 UTC. */
  readonly startedMs: number;
  /** What it listens on, for people and for the CLI: `127.0.0.1:8080`, a socket's path, or empty. */
  readonly listen: string;
  /** Set for instances only. */
  readonly instanceId?: string | undefined;
}

/** What `writeRunRecord` needs; the rest is read from /proc. */
export interface RunRecordInput {
  readonly name: string;
  readonly role: string;
  readonly listen?: string;
  readonly instanceId?: string;
  /** Default: this process. */
  readonly pid?: number;
}

/**
 * Record that a process runs, in `<state>/run/<name>.json`, replacing an older record of that name.
 *
 * Synchronous, so that nothing can come between starting a process and recording it.
 *
 * @throws UserError when the name is not one, or the process does not exist
 */
export function writeRunRecord(state: string, input: RunRecordInput): RunRecord {
  const pid = input.pid ?? process.pid;
  const startTicks = startTicksOf(pid);
  if (startTicks === undefined) throw new UserError(`cannot record ${input.name}: process ${pid} does not exist`);
  const record: RunRecord = {
    name: input.name,
    role: input.role,
    pid,
    startTicks,
    startedMs: pid === process.pid ? Math.round(performance.timeOrigin) : Date.now(),
    listen: input.listen ?? "",
    ...(input.instanceId === undefined ? {} : { instanceId: input.instanceId }),
  };
  const file = runRecordFile(state, input.name);
  mkdirSync(join(state, "run"), { recursive: true, mode: 0o700 });
  // Not fsynced: a record means nothing after a power cut, its process is gone too.
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  } catch (error) {
    // Where the disk is full it exists, and is empty.
    rmSync(temporary, { force: true });
    throw error;
  }
  renameSync(temporary, file);
  return record;
}

/**
 * Remove a record, but only while it still names the given process: a successor's record stays.
 *
 * @param pid  default: this process
 */
export function removeRunRecord(state: string, name: string, pid: number = process.pid): void {
  if (readRunRecord(state, name)?.pid === pid) {
    try {
      unlinkSync(runRecordFile(state, name));
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw error;
    }
  }
}

/** The record of one name, `undefined` when there is none or it is not readable as one. */
export function readRunRecord(state: string, name: string): RunRecord | undefined {
  try {
    const parsed = runRecordSchema.safeParse(JSON.parse(readFileSync(runRecordFile(state, name), "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * All records of a state directory, in order of name; those of dead processes too (see `isAlive`).
 *
 * A file that is not a record is passed over: a record is a hint, never the only proof.
 */
export function readRunRecords(state: string): RunRecord[] {
  let names: string[];
  try {
    names = readdirSync(join(state, "run"));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
  return names
    .filter((name) => name.endsWith(".json"))
    .sort()
    .flatMap((name) => readRunRecord(state, name.slice(0, -".json".length)) ?? []);
}

/** Whether the very process that the record names is alive: same pid and same start time, and no zombie. */
export function isAlive(record: Pick<RunRecord, "pid" | "startTicks">): boolean {
  return startTicksOf(record.pid) === record.startTicks;
}

/**
 * Wait until a process is gone.
 *
 * @param timeoutMs  default 10_000
 * @returns false when it is still there after that
 */
export async function waitGone(
  record: Pick<RunRecord, "pid" | "startTicks">,
  timeoutMs = 10_000,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  // Only a parent is told of an exit; everybody else has to look. 10 ms first, since most are quick.
  for (let pauseMs = 10; isAlive(record); pauseMs = Math.min(pauseMs * 2, 100)) {
    if (performance.now() >= deadline) return false;
    await delay(pauseMs, undefined, signal === undefined ? {} : { signal });
  }
  return true;
}

/**
 * Wait for the record of a live process: how a parent learns that a daemon that it started is ready.
 *
 * @param accept  default: any live process of that name
 * @throws the signal's reason when it aborts first
 */
export async function waitForRunRecord(
  state: string,
  name: string,
  signal: AbortSignal,
  accept: (record: RunRecord) => boolean = () => true,
): Promise<RunRecord> {
  for (;;) {
    signal.throwIfAborted();
    const record = readRunRecord(state, name);
    if (record !== undefined && isAlive(record) && accept(record)) return record;
    await delay(25, undefined, { signal });
  }
}

function runRecordFile(state: string, name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._:-]{0,149}$/.test(name)) {
    throw new UserError(
      `${JSON.stringify(name)} is not a name of a run record: expected 1…150 of letters, digits and ._:-`,
    );
  }
  return join(state, "run", `${name}.json`);
}
