import { Kysely, type Transaction } from "kysely";
import { DatabaseFailure, findDatabaseFailure } from "./database-error.ts";
import type { DialectName, Engine } from "./engine.ts";
import { migrate } from "./migrate.ts";
import type { Migration } from "./migration.ts";
import { openPostgres } from "./postgres/postgres-engine.ts";
import { openSqlite } from "./sqlite/sqlite-engine.ts";
import { StoreError, StoreProblem } from "./store-error.ts";

/**
 * One open database.
 *
 * @typeParam Schema  Kysely's map of table names to row types: the program puts it together from its capabilities
 */
export interface Store<Schema> extends AsyncDisposable {
  /** The query layer. Inside `transaction` use the one given there: on SQLite this one would wait for itself. */
  readonly db: Kysely<Schema>;
  readonly dialect: DialectName;
  /**
   * Bring the schema up to date.
   *
   * @returns names of the steps applied now (`registry/0001-services`)
   * @throws StoreError Schema
   */
  migrate(): Promise<readonly string[]>;
  /**
   * Take the database for this program alone until it is closed: for programs that keep parts of it in memory. Nobody is
   * kept from reading or writing; others are refused only if they ask too. Where the connection to PostgreSQL breaks, every
   * statement fails (`DatabaseFailure.Unavailable`) until the database is this program's again.
   *
   * @param onTaken  hears, once, that another program took the database while the connection was broken: this one can no
   *                 longer use it and must end. Default: nobody
   * @returns false where another program has it
   */
  takeAlone(onTaken?: () => void): Promise<boolean>;
  /**
   * Run `work` so that all of it is kept or none. It may run again where another transaction was in the way, so it
   * must change nothing but the database. Isolation is what both engines have in common: read committed; take turns
   * by updating a row first (`update … set value = value + 1`).
   *
   * @throws what `work` throws, after everything was undone
   */
  transaction<Result>(work: (transaction: Transaction<Schema>) => Promise<Result>): Promise<Result>;
  /** Wait for running statements and close; harmless when called again. */
  close(): Promise<void>;
}

/** Options of `openStore`. */
export interface StoreOptions {
  /** Steps of all capabilities, in the order in which an empty database gets them; default none. */
  migrations?: readonly Migration[];
  /** Hears of idle PostgreSQL connections that broke; default: nobody, as the next statement gets a new one. */
  onIdleError?: (error: Error) => void;
}

const maxAttempts = 4;

/**
 * Open a database by URL; it is neither created (PostgreSQL) nor migrated.
 *
 * @param url  `sqlite:<path of the file>` or `postgres://user@host:5432/database`
 * @throws StoreError BadUrl, Unreachable, Unsafe
 */
export async function openStore<Schema>(url: string, options: StoreOptions = {}): Promise<Store<Schema>> {
  const engine = await openEngine(url, options.onIdleError ?? (() => {}));
  const db = new Kysely<Schema>({ dialect: engine.dialect });
  let closing: Promise<void> | undefined;
  const closeOnce = async () => {
    await engine.releaseAlone();
    await db.destroy();
  };
  const close = () => {
    closing ??= closeOnce();
    return closing;
  };
  return {
    db,
    dialect: engine.name,
    async migrate() {
      const applied = await migrate(db as Kysely<unknown>, engine, options.migrations ?? []);
      return applied.map(({ capability, name }) => `${capability}/${name}`);
    },
    takeAlone: (onTaken = () => {}) => engine.takeAlone(onTaken),
    async transaction(work) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await db.transaction().execute(work);
        } catch (error) {
          if (attempt === maxAttempts || findDatabaseFailure(error) !== DatabaseFailure.Conflict) {
            throw error;
          }
        }
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function openEngine(url: string, onIdleError: (error: Error) => void): Promise<Engine> {
  if (/^postgres(ql)?:\/\//.test(url)) {
    return await openPostgres(url, onIdleError);
  }
  const path = url.startsWith("sqlite:") ? url.slice("sqlite:".length) : "";
  if (path === "") {
    throw new StoreError(
      StoreProblem.BadUrl,
      `the database URL begins with ${JSON.stringify(url.slice(0, url.indexOf(":") + 1))}, expected sqlite:<file> or postgres://user@host:5432/database`,
    );
  }
  return await openSqlite(path);
}
