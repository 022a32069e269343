import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../user-error.ts";

/** A directory that this process alone uses, until it is disposed of or the process ends. */
export interface DirectoryLock {
  /** Give it up. */
  [Symbol.dispose](): void;
}

/** Keeps the databases of held locks from being collected, which would close them: a lock is held even if nobody keeps it. */
const held = new Set<DatabaseSync>();

/**
 * Take a directory for this process alone.
 *
 * The lock is the kernel's (fcntl, taken through SQLite, since Node has no file locks of its own), not the existence of a
 * file: it is gone with its process however that ended, so there is no stale lock to judge and no race in taking one over.
 *
 * @param directory  must exist; the files `lock` and `lock.owner` are made in it
 * @param what       what the directory is, for the message (`agent directory`)
 * @throws UserError when another process (or another part of this one) has it, with its pid
 */
export function lockDirectory(directory: string, what = "directory"): DirectoryLock {
  const owner = join(directory, "lock.owner");
  const database = new DatabaseSync(join(directory, "lock"));
  try {
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if (!(cause instanceof Error) || !/database is locked/.test(cause.message)) throw cause;
    throw new UserError(`${what} ${directory} is in use by ${describeOwner(owner)}`, {
      hint: "stop it first (msec stop), or use another state directory (--state)",
      cause,
    });
  }
  held.add(database);
  writeFileSync(owner, `${process.pid}\n`, { mode: 0o600 });
  return {
    [Symbol.dispose]() {
      if (held.delete(database)) database.close();
    },
  };
}

function describeOwner(file: string): string {
  try {
    return `process ${readFileSync(file, "utf8").trim()}`;
  } catch {
    return "another process"; // It has the lock and has not yet written its pid.
  }
}
