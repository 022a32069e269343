import { type Kysely, sql, type Transaction } from "kysely";
import type { Engine } from "./engine.ts";
import type { Migration } from "./migration.ts";
import { StoreError, StoreProblem } from "./store-error.ts";

interface MigrationTables {
  schema_migration: { capability: string; number: number; name: string; sha256: string; applied_ms: number };
}

/**
 * Apply the steps that the database does not have yet, all in one transaction: it ends with all of them or with none.
 *
 * Two programs that start at the same time do not step on each other: the second waits and finds nothing left to do.
 *
 * @param migrations  every step the program knows, capability by capability; a capability may refer to tables of those
 *                    before it in the list only, as an empty database gets all steps of the first before the second's
 * @returns the steps applied now, in order
 * @throws StoreError Schema: an applied step differs from ours, or the database has steps that we do not know
 */
export async function migrate(
  db: Kysely<unknown>,
  engine: Engine,
  migrations: readonly Migration[],
): Promise<readonly Migration[]> {
  return await db.transaction().execute(async (plain) => {
    await engine.lockSchema(plain);
    await engine.runScript(plain, createTable);
    const transaction = plain as unknown as Transaction<MigrationTables>;
    const applied = await transaction.selectFrom("schema_migration").selectAll().execute();
    const pending = findPending(applied, migrations);
    for (const migration of pending) {
      await apply(transaction, engine, migration);
    }
    return pending;
  });
}

const createTable = `
create table if not exists schema_migration (
  capability text not null,
  number integer not null,
  name text not null,
  sha256 text not null,
  applied_ms bigint not null,
  primary key (capability, number)
)`;

function findPending(
  applied: readonly MigrationTables["schema_migration"][],
  migrations: readonly Migration[],
): readonly Migration[] {
  const known = new Map(migrations.map((migration) => [`${migration.capability}/${migration.number}`, migration]));
  if (known.size !== migrations.length) {
    throw new Error("two migrations of one capability have the same number");
  }
  for (const row of applied) {
    const key = `${row.capability}/${row.number}`;
    const migration = known.get(key);
    if (migration === undefined) {
      throw new StoreError(
        StoreProblem.Schema,
        `the database has the step ${row.capability}/${row.name}, which this version of msec does not know; start the newer version that wrote it, or restore a backup`,
      );
    }
    if (migration.sha256 !== row.sha256) {
      throw new StoreError(
        StoreProblem.Schema,
        `the step ${row.capability}/${row.name} in the database differs from this version's ${migration.name}; start the version that wrote it, or restore a backup`,
      );
    }
    known.delete(key);
  }
  return [...known.values()];
}

async function apply(transaction: Transaction<MigrationTables>, engine: Engine, migration: Migration): Promise<void> {
  const { script, ...row } = migration;
  try {
    await engine.runScript(transaction as unknown as Transaction<unknown>, script);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError(
      StoreProblem.Schema,
      `the step ${migration.capability}/${migration.name} failed (${reason}); nothing was changed`,
      { cause: error },
    );
  }
  await transaction
    .insertInto("schema_migration")
    .values({ ...row, applied_ms: sql.lit(Date.now()) })
    .execute();
}
