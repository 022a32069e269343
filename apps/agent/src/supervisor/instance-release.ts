import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { serviceDirectories } from "./instance-launch.ts";
import { processVariable } from "./process-variable.ts";

/** The environment variable by which an instance, and an agent that adopts it, know what was released when it started. */
export const RELEASE_VARIABLE = "MSEC_RELEASE";

/** A release's name: 1…64 visible ASCII characters. */
const RELEASE = /^[\x21-\x7e]{1,64}$/;
// Read at each start of an instance, on the agent's only thread: a few tens of milliseconds at most.
const CONTENT_MAX_BYTES = 8 * 1024 ** 2;
const FILES_MAX = 2_000;
const DEPTH_MAX = 8;

/**
 * What is released in a service's directory.
 *
 * The first line of the file `release` beside `bin/`, where whoever releases has put one. Else `files-` and eight hex digits over `bin/` and `etc/config.ini`: names
 * and contents, beyond 8 MiB sizes and times of change; the first 2,000 files, eight directories deep. So that the same files have the same name on each host.
 *
 * @returns empty where there is nothing
 */
export function readRelease(root: string, service: string): string {
  const { directory, bin, config } = serviceDirectories(root, service);
  const [named = ""] = (readOrNothing(join(directory, "release"), 1_024)?.toString("latin1") ?? "").split("\n", 1);
  if (RELEASE.test(named.trim())) return named.trim();
  const hash = createHash("sha256");
  const room = { files: FILES_MAX, bytes: CONTENT_MAX_BYTES };
  addDirectory(hash, bin, "", 0, room);
  if (room.files === FILES_MAX) return "";
  addFile(hash, config, "config.ini", room);
  return `files-${hash.digest("hex").slice(0, 8)}`;
}

/** What was released when a process started, as it stands in its environment; empty where that cannot be read. */
export function releaseOfProcess(pid: number): string {
  const value = processVariable(pid, RELEASE_VARIABLE);
  return RELEASE.test(value) ? value : "";
}

type Hash = ReturnType<typeof createHash>;
type Room = { files: number; bytes: number };

function addDirectory(hash: Hash, directory: string, name: string, depth: number, room: Room): void {
  let entries: string[];
  try {
    entries = readdirSync(directory).sort();
  } catch {
    return; // It is not there, or not for us to read: the start that follows says so.
  }
  for (const entry of entries) {
    if (room.files === 0) return;
    const path = join(directory, entry);
    const kind = lstatSync(path, { throwIfNoEntry: false });
    if (kind?.isDirectory() && depth < DEPTH_MAX) addDirectory(hash, path, `${name}${entry}/`, depth + 1, room);
    else addFile(hash, path, `${name}${entry}`, room);
  }
}

function addFile(hash: Hash, path: string, name: string, room: Room): void {
  try {
    const kind = lstatSync(path);
    room.files--;
    hash.update(`${name}\0${kind.mode & 0o777}\0${kind.size}\0`);
    if (kind.isSymbolicLink()) hash.update(readlinkSync(path));
    else if (kind.isFile() && kind.size <= room.bytes) {
      room.bytes -= kind.size;
      hash.update(readFileSync(path));
    } else hash.update(String(kind.mtimeMs));
  } catch {
    // It went while we looked, or is not for us to read: its name counts.
    hash.update(name);
  }
}

function readOrNothing(path: string, maxBytes: number): Buffer | undefined {
  try {
    const kind = lstatSync(path);
    return kind.isFile() && kind.size <= maxBytes ? readFileSync(path) : undefined;
  } catch {
    return undefined;
  }
}
