import { PostgresDialect, type PostgresPool, sql } from "kysely";
import { Pool, types } from "pg";
import type { Engine } from "../engine.ts";
import { StoreError, StoreProblem } from "../store-error.ts";
import { AdvisoryLock } from "./advisory-lock.ts";

const oldestVersion = 140_000;
// Any fixed number will do as long as everything that migrates an msec database uses it: "msec" in ASCII.
const schemaLock = 0x6d_73_65_63;
const programLock = schemaLock + 1;

// Type numbers of PostgreSQL (pg_type.dat).
const int8 = 20;
const numeric = 1700;

/**
 * Connect to PostgreSQL, and refuse a server that could lose what it has acknowledged.
 *
 * @param url          `postgres://user:password@host:port/database`, or with `?host=/directory/of/the/socket`
 * @param onIdleError  hears of connections that broke while nobody used them; they are replaced by themselves
 * @throws StoreError Unreachable; Unsafe (`fsync`, `full_page_writes` or `synchronous_commit` off; older than 14)
 */
export async function openPostgres(url: string, onIdleError: (error: Error) => void): Promise<Engine> {
  const pool = createPool(url);
  pool.on("error", onIdleError);
  // The pool listens to idle connections only: one that breaks between two statements of a transaction would be an error
  // event that nobody hears, which ends the process. The next statement fails with it anyway.
  pool.on("connect", (client) => client.on("error", () => {}));
  try {
    await assertSafe(pool, url);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const lock = new AdvisoryLock(pool, programLock);
  return {
    name: "postgres",
    dialect: new PostgresDialect({ pool: whileAlone(pool, lock) }),
    async runScript(transaction, script) {
      // Without parameters `pg` uses the simple protocol, which takes several statements.
      await sql.raw(script).execute(transaction);
    },
    async lockSchema(transaction) {
      await sql`select pg_advisory_xact_lock(${sql.lit(schemaLock)})`.execute(transaction);
    },
    takeAlone: (onTaken) => lock.take(onTaken),
    releaseAlone: () => lock.close(),
  };
}

/** The pool for everything but the lock itself: who had the database alone and lost it reads and writes nothing until it is back. */
function whileAlone(pool: Pool, lock: AdvisoryLock): PostgresPool {
  return {
    async connect() {
      lock.assertNotLost();
      return await pool.connect();
    },
    end: () => pool.end(),
    options: pool.options,
  };
}

/**
 * A URL for people: without its password.
 */
function describePostgresUrl(url: string): string {
  try {
    const parsed = new URL(url);
    parsed.password = "";
    parsed.searchParams.delete("password");
    return parsed.href;
  } catch {
    // Not even a URL: nothing of it is safe to show.
    return "postgres://…";
  }
}

function createPool(url: string): Pool {
  try {
    return new Pool({
      connectionString: url,
      application_name: "msec",
      max: 10,
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 60_000,
      statement_timeout: 30_000,
      idle_in_transaction_session_timeout: 60_000,
      keepAlive: true,
      types: {
        getTypeParser: (oid, format) =>
          oid === int8 || oid === numeric ? parseInteger : types.getTypeParser(oid, format),
      },
    });
  } catch (error) {
    throw new StoreError(
      StoreProblem.BadUrl,
      `the database URL ${describePostgresUrl(url)} is not understood; expected postgres://user@host:5432/database`,
      { cause: error },
    );
  }
}

/** `pg` gives 64-bit integers as strings; ours (versions, milliseconds, counts) are below 2^53, as they are in SQLite. */
function parseInteger(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new RangeError(`integer ${text} from the database does not fit into 53 bits`);
  }
  return value;
}

interface Settings {
  version: string;
  fsync: string;
  full_page_writes: string;
  synchronous_commit: string;
}

async function assertSafe(pool: Pool, url: string): Promise<void> {
  const settings = await readSettings(pool, url);
  if (Number(settings.version) < oldestVersion) {
    throw new StoreError(
      StoreProblem.Unsafe,
      `PostgreSQL at ${describePostgresUrl(url)} has version number ${settings.version}, expected at least ${oldestVersion}; upgrade it to 14 or later`,
    );
  }
  for (const name of ["fsync", "full_page_writes", "synchronous_commit"] as const) {
    if (settings[name] === "off") {
      throw new StoreError(
        StoreProblem.Unsafe,
        `PostgreSQL at ${describePostgresUrl(url)} runs with ${name} = off and can lose acknowledged writes; set it to on in postgresql.conf and reload`,
      );
    }
  }
}

async function readSettings(pool: Pool, url: string): Promise<Settings> {
  try {
    const { rows } = await pool.query<Settings>(
      `select current_setting('server_version_num') as version, current_setting('fsync') as fsync,
        current_setting('full_page_writes') as full_page_writes, current_setting('synchronous_commit') as synchronous_commit`,
    );
    return rows[0] as Settings;
  } catch (error) {
    const reason = error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code : String(error);
    throw new StoreError(
      StoreProblem.Unreachable,
      `cannot use PostgreSQL at ${describePostgresUrl(url)} (${reason}); check that it runs and that the URL is right`,
      { cause: error },
    );
  }
}
