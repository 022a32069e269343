import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DatabaseFailure, findDatabaseFailure } from "./database-error.ts";
import { createMigration, type Migration } from "./migration.ts";
import { openStore, type Store } from "./store.ts";
import { StoreError, StoreProblem } from "./store-error.ts";

interface Schema {
  counter: { name: string; value: number };
  part: { id: string; counter: string; size: number; seen_ms: number };
}

const counters = createMigration(
  "one",
  1,
  "0001-counters",
  `create table counter (name text primary key, value bigint not null check (value >= 0));
   insert into counter (name, value) values ('route; not the end', 7);`,
);
const parts = createMigration(
  "two",
  1,
  "0001-parts",
  `create table part (id text primary key, counter text not null references counter (name), size double precision not null, seen_ms bigint not null);
   create unique index part_size on part (counter, size) where size > 0;`,
);
const all = [counters, parts];
const migrateProgram = fileURLToPath(new URL("./testing/migrate-program.ts", import.meta.url));
const name = "route; not the end";

/**
 * What every engine must do; each engine's test file runs all of it.
 *
 * @param createDatabase  gives the URL of an empty database, another one at each call
 */
export function defineStoreCases(createDatabase: () => Promise<string>): void {
  const open = async (migrations: readonly Migration[] = all, url?: string): Promise<Store<Schema>> =>
    await openStore<Schema>(url ?? (await createDatabase()), { migrations });
  const openMigrated = async (url?: string) => {
    const store = await open(all, url);
    await store.migrate();
    return store;
  };

  it("applies each step once and says which", async () => {
    const url = await createDatabase();
    await using store = await open([counters], url);
    assert.deepEqual(await store.migrate(), ["one/0001-counters"]);
    assert.deepEqual(await store.migrate(), []);
    await using newer = await open(all, url);
    assert.deepEqual(await newer.migrate(), ["two/0001-parts"]);
  });

  it("runs scripts of several statements, with semicolons in strings", async () => {
    await using store = await openMigrated();
    const rows = await store.db.selectFrom("counter").selectAll().execute();
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [{ name, value: 7 }],
    );
  });

  it("keeps nothing of a migration whose last step fails", async () => {
    const url = await createDatabase();
    await using broken = await open(
      [counters, createMigration("two", 1, "0001-broken", "create table part (id text); select nonsense")],
      url,
    );
    await assert.rejects(
      broken.migrate(),
      (error) => error instanceof StoreError && error.problem === StoreProblem.Schema,
    );
    await using store = await open(all, url);
    assert.deepEqual(await store.migrate(), ["one/0001-counters", "two/0001-parts"]);
  });

  it("refuses a database whose steps were changed, or that a newer version wrote", async () => {
    const url = await createDatabase();
    await using store = await openMigrated(url);
    await using older = await open([counters], url);
    await assert.rejects(older.migrate(), /two\/0001-parts, which this version of msec does not know/);
    await using other = await open([createMigration("one", 1, "0001-counters", "select 1"), parts], url);
    await assert.rejects(other.migrate(), /one\/0001-counters in the database differs/);
    assert.equal(store.dialect, older.dialect);
  });

  it("migrates once when two programs start at the same time", async () => {
    const url = await createDatabase();
    const run = async () => (await promisify(execFile)(process.execPath, [migrateProgram, url])).stdout;
    assert.deepEqual((await Promise.all([run(), run()])).sort(), ["0", "3"]);
  });

  it("belongs to one program alone that asks for it, and to the next when that is done", async () => {
    const url = await createDatabase();
    const first = await openMigrated(url);
    await using second = await openMigrated(url);
    assert.equal(await first.takeAlone(), true);
    assert.equal(await second.takeAlone(), false);
    await second.db.updateTable("counter").set({ value: 2 }).execute();
    await first.close();
    assert.equal(await second.takeAlone(), true);
  });

  it("undoes a transaction that throws and passes its error on", async () => {
    await using store = await openMigrated();
    const failure = new Error("no");
    await assert.rejects(
      store.transaction(async (transaction) => {
        await transaction.updateTable("counter").set({ value: 100 }).execute();
        throw failure;
      }),
      failure,
    );
    const { value } = await store.db.selectFrom("counter").select("value").executeTakeFirstOrThrow();
    assert.equal(value, 7);
  });

  it("counts without losing any when many transactions run at once", async () => {
    await using store = await openMigrated();
    const seen = await Promise.all(
      Array.from({ length: 25 }, () =>
        store.transaction(async (transaction) => {
          const row = await transaction
            .updateTable("counter")
            .set((expression) => ({ value: expression("value", "+", 1) }))
            .returning("value")
            .executeTakeFirstOrThrow();
          return row.value;
        }),
      ),
    );
    assert.deepEqual(
      seen.sort((left, right) => left - right),
      Array.from({ length: 25 }, (_, index) => 8 + index),
    );
  });

  it("lets no statement of another caller into a transaction that is waiting", async () => {
    await using store = await openMigrated();
    const inside = Promise.withResolvers<void>();
    const proceed = Promise.withResolvers<void>();
    const failed = store.transaction(async (transaction) => {
      await transaction.updateTable("counter").set({ value: 1 }).execute();
      inside.resolve();
      await proceed.promise;
      throw new Error("undo");
    });
    await inside.promise;
    const other = store.db.insertInto("counter").values({ name: "other", value: 2 }).execute();
    proceed.resolve();
    await assert.rejects(failed, /undo/);
    await other;
    const rows = await store.db.selectFrom("counter").select(["name", "value"]).execute();
    assert.deepEqual(Object.fromEntries(rows.map((row) => [row.name, row.value])), { [name]: 7, other: 2 });
  });

  it("gives back integers of 53 bits, fractions and text as they were", async () => {
    await using store = await openMigrated();
    const row = { id: "价格\u{1f6eb}'\"", counter: name, size: 0.1, seen_ms: Number.MAX_SAFE_INTEGER };
    await store.db.insertInto("part").values(row).execute();
    assert.deepEqual({ ...(await store.db.selectFrom("part").selectAll().executeTakeFirst()) }, row);
    const { count, sum } = await store.db
      .selectFrom("part")
      .select(({ fn }) => [fn.countAll<number>().as("count"), fn.sum<number>("seen_ms").as("sum")])
      .executeTakeFirstOrThrow();
    assert.deepEqual([count, sum], [1, Number.MAX_SAFE_INTEGER]);
  });

  it("says how many rows a statement changed", async () => {
    await using store = await openMigrated();
    const result = await store.db.updateTable("counter").set({ value: 3 }).where("name", "=", name).executeTakeFirst();
    assert.equal(result.numUpdatedRows, 1n);
    const none = await store.db.deleteFrom("counter").where("name", "=", "nobody").executeTakeFirst();
    assert.equal(none.numDeletedRows, 0n);
  });

  it("tells the causes of failed statements apart", async () => {
    await using store = await openMigrated();
    const part = { id: "a", counter: name, size: 1, seen_ms: 0 };
    await store.db.insertInto("part").values(part).execute();
    const failureOf = async (work: Promise<unknown>) =>
      await work.then(
        () => "succeeded",
        (error: unknown) => findDatabaseFailure(error),
      );
    assert.deepEqual(
      await Promise.all([
        failureOf(store.db.insertInto("counter").values({ name, value: 1 }).execute()),
        failureOf(
          store.db
            .insertInto("part")
            .values({ ...part, id: "b" })
            .execute(),
        ),
        failureOf(
          store.db
            .insertInto("part")
            .values({ ...part, size: 2, counter: "nobody", id: "c" })
            .execute(),
        ),
        failureOf(store.db.insertInto("counter").values({ name: "negative", value: -1 }).execute()),
        failureOf(
          store.db
            .selectFrom("nobody" as "part")
            .selectAll()
            .execute(),
        ),
      ]),
      [DatabaseFailure.Unique, DatabaseFailure.Unique, DatabaseFailure.ForeignKey, DatabaseFailure.Check, undefined],
    );
  });

  it("still has what was written after it was closed and opened again", async () => {
    const url = await createDatabase();
    const store = await openMigrated(url);
    await store.db.updateTable("counter").set({ value: 41 }).execute();
    await store.close();
    await store.close();
    await using again = await openMigrated(url);
    assert.equal((await again.db.selectFrom("counter").select("value").executeTakeFirstOrThrow()).value, 41);
  });
}
