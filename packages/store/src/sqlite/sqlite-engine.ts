import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { DatabaseFailure, findDatabaseFailure } from "../database-error.ts";
import type { Engine } from "../engine.ts";
import { StoreError, StoreProblem } from "../store-error.ts";
import { type FileLock, takeFileLock } from "./file-lock.ts";
import { createSqliteDialect } from "./sqlite-driver.ts";

// How long a statement waits for another process (a backup, a shell) to let go; it blocks the event loop meanwhile.
const busyTimeoutMs = 2_000;

/**
 * Open a SQLite file so that what was acknowledged survives a power loss, and create it where there is none.
 *
 * WAL lets a backup or a shell read while we write. `synchronous=FULL` makes each commit wait for the disk: with
 * WAL's usual NORMAL the last commits are lost when the power goes.
 *
 * @param path  file name; its directory exists
 * @throws StoreError Unreachable (cannot be opened, not a database, a file system without WAL)
 */
export async function openSqlite(path: string): Promise<Engine> {
  const database = await openFile(path);
  let lock: FileLock | undefined;
  return {
    name: "sqlite",
    dialect: createSqliteDialect(database),
    async runScript(_transaction, script) {
      // The transaction holds the only connection, so what is executed here is inside it.
      database.exec(script);
    },
    async lockSchema() {
      // Transactions begin with `begin immediate`: this one has the file's only write lock already.
    },
    async takeAlone() {
      lock ??= takeFileLock(`${path}.lock`);
      return lock !== undefined;
    },
    async releaseAlone() {
      lock?.close();
      lock = undefined;
    },
  };
}

async function openFile(path: string): Promise<DatabaseSync> {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: busyTimeoutMs });
    await enableWriteAheadLog(database);
    database.exec("pragma synchronous = full; pragma trusted_schema = off");
    return database;
  } catch (error) {
    database?.close();
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError(
      StoreProblem.Unreachable,
      `cannot open the SQLite database ${path} (${reason}); check that the file is msec's and can be written`,
      { cause: error },
    );
  }
}

async function enableWriteAheadLog(database: DatabaseSync): Promise<void> {
  const deadline = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      const { journal_mode: mode } = database.prepare("pragma journal_mode = wal").get() as { journal_mode: string };
      if (mode !== "wal") {
        throw new Error(`journal mode is ${mode}, expected wal: the file system does not support it`);
      }
      return;
    } catch (error) {
      // The change of mode of a new file does not honour busy_timeout: of two programs that create it at the same time
      // one is told at once that it is locked.
      if (findDatabaseFailure(error) !== DatabaseFailure.Conflict || performance.now() > deadline) {
        throw error;
      }
      await setTimeout(10);
    }
  }
}
