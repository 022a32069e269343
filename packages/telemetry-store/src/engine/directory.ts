import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where the engine keeps what. */
export interface EngineDirectory {
  /** chdb's own directory. */
  data: string;
  /** Bodies of inserts while they are read; empty at the start. */
  inbox: string;
}

/**
 * Prepare a directory for the engine: `<dir>/chdb` and `<dir>/inbox`, both for their owner only.
 *
 * @param directory is created where it is missing
 * @throws errors of the file system
 */
export function prepareDirectory(directory: string): EngineDirectory {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const root = realpathSync(directory);
  return { data: join(root, "chdb"), inbox: join(root, "inbox") };
}

/**
 * Empty the inbox: what lies in it was never acknowledged. Only for the process that holds the data.
 *
 * @returns where the inbox is: in the system's temporary directory if ClickHouse would take the path for a pattern
 */
export function emptyInbox({ inbox }: EngineDirectory): string {
  if (/[*?{}]/.test(inbox)) return mkdtempSync(join(tmpdir(), "msec-inbox-"));
  rmSync(inbox, { recursive: true, force: true });
  mkdirSync(inbox, { mode: 0o700 });
  return inbox;
}

/**
 * Find the process that holds the data. chdb locks it itself, but says so only on stderr and in its own words.
 *
 * @returns process id; `undefined` where nobody holds it or the kernel does not tell
 */
export function findHolder({ data }: EngineDirectory): number | undefined {
  const file = statSync(join(data, "status"), { throwIfNoEntry: false });
  if (file === undefined) return undefined;
  // `1: FLOCK  ADVISORY  WRITE 4711 fe:00:131077 0 EOF`, the last number of the triple is the inode; see proc_locks(5).
  const lock = new RegExp(`FLOCK .* (\\d+) [0-9a-f]+:[0-9a-f]+:${file.ino} `);
  try {
    const pid = lock.exec(readFileSync("/proc/locks", "utf8"))?.[1];
    return pid === undefined ? undefined : Number(pid);
  } catch {
    // No /proc: chdb's own lock still refuses.
    return undefined;
  }
}
