/**
 * `@msec/store`: SQL with one schema and one query layer over SQLite and PostgreSQL.
 */
export { DatabaseFailure, findDatabaseFailure } from "./database-error.ts";
export type { DialectName } from "./engine.ts";
export { createMigration, type Migration, readMigrations } from "./migration.ts";
export { openStore, type Store, type StoreOptions } from "./store.ts";
export { StoreError, StoreProblem } from "./store-error.ts";
