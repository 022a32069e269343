import { DatabaseSync } from "node:sqlite";
import { DatabaseFailure, findDatabaseFailure } from "../database-error.ts";

/** A lock that is given up when it is closed or its process ends. */
export interface FileLock {
  close(): void;
}

/**
 * Lock a file for this program alone; it is created where there is none.
 *
 * An exclusive transaction on an SQLite file of its own is a lock of the kernel (fcntl), which Node has no other way to.
 * It is not on the database's file itself: shells and backups may still read that.
 *
 * @returns `undefined` where another program has it
 */
export function takeFileLock(path: string): FileLock | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("pragma journal_mode = memory; begin exclusive");
    return database;
  } catch (error) {
    database.close();
    if (findDatabaseFailure(error) === DatabaseFailure.Conflict) {
      return undefined;
    }
    throw error;
  }
}
