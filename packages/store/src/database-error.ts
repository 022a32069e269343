import { NotAloneError } from "./postgres/advisory-lock.ts";

/** What a failed statement means for the caller, whichever engine said it. */
export const DatabaseFailure = {
  /** A row with the same unique key exists. */
  Unique: "unique",
  /** A row that is referred to does not exist, or one that is referred to was to be deleted. */
  ForeignKey: "foreign-key",
  /** A value is outside of what its column allows. */
  Check: "check",
  /** Another transaction is in the way; the same transaction may succeed when it is tried again. */
  Conflict: "conflict",
  /** The database is not reachable, or full, or going down; nothing was written. */
  Unavailable: "unavailable",
} as const;

/** One of the values of `DatabaseFailure`. */
export type DatabaseFailure = (typeof DatabaseFailure)[keyof typeof DatabaseFailure];

// https://www.sqlite.org/rescode.html; the low byte is the primary code.
const sqliteExtended = new Map<number, DatabaseFailure>([
  [2067, DatabaseFailure.Unique],
  [1555, DatabaseFailure.Unique],
  [2579, DatabaseFailure.Unique],
  [787, DatabaseFailure.ForeignKey],
  [275, DatabaseFailure.Check],
  [1299, DatabaseFailure.Check],
]);
const sqlitePrimary = new Map<number, DatabaseFailure>([
  [5, DatabaseFailure.Conflict],
  [6, DatabaseFailure.Conflict],
  [8, DatabaseFailure.Unavailable],
  [10, DatabaseFailure.Unavailable],
  [13, DatabaseFailure.Unavailable],
  [14, DatabaseFailure.Unavailable],
]);

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const postgresStates = new Map<string, DatabaseFailure>([
  ["23505", DatabaseFailure.Unique],
  ["23503", DatabaseFailure.ForeignKey],
  ["23001", DatabaseFailure.ForeignKey],
  ["23514", DatabaseFailure.Check],
  ["23502", DatabaseFailure.Check],
  ["40001", DatabaseFailure.Conflict],
  ["40P01", DatabaseFailure.Conflict],
  ["55P03", DatabaseFailure.Conflict],
]);
// Classes: 08 connection, 53 resources, 57P operator intervention (shutdown), 58 system error.
const postgresUnavailable = /^(08|53|57P|58)/;
const socketErrors = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENOTFOUND",
]);
// `pg` raises these without any code.
const clientMessages = /timeout exceeded when trying to connect|Connection terminated|not queryable/;

/**
 * Tell what a failure of SQLite, PostgreSQL or the connection to it means.
 *
 * @param error  anything that was thrown
 * @returns `undefined` where it is not a database's error, or one that only a mistake in the program explains
 */
export function findDatabaseFailure(error: unknown): DatabaseFailure | undefined {
  if (!(error instanceof Error)) {
    return undefined;
  }
  if (error instanceof NotAloneError) {
    return DatabaseFailure.Unavailable;
  }
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  if (typeof errcode === "number" && code === "ERR_SQLITE_ERROR") {
    return sqliteExtended.get(errcode) ?? sqlitePrimary.get(errcode & 0xff);
  }
  if (typeof code === "string") {
    if (socketErrors.has(code) || postgresUnavailable.test(code)) {
      return DatabaseFailure.Unavailable;
    }
    return postgresStates.get(code);
  }
  return clientMessages.test(error.message) ? DatabaseFailure.Unavailable : undefined;
}
