import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { sql } from "kysely";
import { DatabaseFailure, findDatabaseFailure } from "./database-error.ts";
import { defineStoreCases } from "./store.case.ts";
import { openStore } from "./store.ts";
import { StoreError, StoreProblem } from "./store-error.ts";
import { openCuttableWay } from "./testing/cuttable-way.ts";
import { skipWithoutPostgres, startPostgres, type TestPostgres } from "./testing/postgres.ts";

describe("a store on PostgreSQL", { skip: skipWithoutPostgres }, () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres[Symbol.asyncDispose]());

  defineStoreCases(() => postgres.createDatabase());

  it("goes on after the server ended its idle connections", async () => {
    const broken = Promise.withResolvers<Error>();
    await using store = await openStore(await postgres.createDatabase(), { onIdleError: broken.resolve });
    await postgres.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'msec'");
    assert.match((await broken.promise).message, /terminating connection/);
    assert.deepEqual(await store.migrate(), []);
  });

  it("fails a transaction whose connection breaks between two statements, and goes on", async () => {
    const failure = await breakDuringTransaction(postgres);
    assert.equal(findDatabaseFailure(failure), DatabaseFailure.Unavailable, String(failure));
  });

  it("takes a database again that it had alone when the connection broke", async () => {
    const url = await postgres.createDatabase();
    await using holder = await openStore(url);
    await using other = await openStore(url);
    assert.equal(await holder.takeAlone(), true);
    const holderPid = async () => {
      const { rows } = await sql<{ pid: number }>`select pid from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())`.execute(other.db);
      return rows[0]?.pid;
    };
    const before = await holderPid();
    await postgres.execute(`select pg_terminate_backend(${before})`);
    const isHeldAnew = async () => ![before, undefined].includes(await holderPid());
    while (!(await isHeldAnew())) {
      await setTimeout(50);
    }
    assert.equal(await other.takeAlone(), false);
  });

  it("uses no database that another program took while the connection was broken, and says so", async () => {
    const url = await postgres.createDatabase();
    await using way = await openCuttableWay(url);
    await using holder = await openStore(way.url);
    await using other = await openStore(url);
    const taken = Promise.withResolvers<void>();
    assert.equal(await holder.takeAlone(taken.resolve), true);
    assert.equal(await other.takeAlone(), false);
    way.cut();
    while (!(await other.takeAlone())) {
      await setTimeout(10);
    }
    const isUnavailable = (error: unknown) => findDatabaseFailure(error) === DatabaseFailure.Unavailable;
    await assert.rejects(sql`select 1`.execute(holder.db), isUnavailable);
    way.mend();
    await taken.promise;
    await assert.rejects(sql`select 1`.execute(holder.db), (error: Error) => {
      assert.match(error.message, /another msec server has taken the database over/);
      return isUnavailable(error);
    });
    await sql`select 1`.execute(other.db);
  });

  it("takes a database again when PostgreSQL notices late that the connection broke, and takes itself for nobody else", async () => {
    await using way = await openCuttableWay(await postgres.createDatabase());
    await using holder = await openStore(way.url);
    const taken = Promise.withResolvers<void>();
    assert.equal(await holder.takeAlone(taken.resolve), true);
    let isTaken = false;
    void taken.promise.then(() => {
      isTaken = true;
    });
    way.cut({ isNoticed: false });
    way.mend();
    const isBroken = async () => {
      const failure = await sql`select 1`.execute(holder.db).then(
        () => undefined,
        (error: Error) => error,
      );
      return failure !== undefined;
    };
    while (!(await isBroken())) await setTimeout(10);
    // Longer than it takes to look who has it.
    await setTimeout(1_500);
    assert.equal(await isBroken(), true);
    way.notice();
    while (await isBroken()) await setTimeout(50);
    assert.equal(isTaken, false);
  });

  it("refuses a database whose commits do not wait for the disk", async () => {
    const url = await postgres.createDatabase();
    await postgres.execute(`alter database ${new URL(url).pathname.slice(1)} set synchronous_commit = off`);
    await assert.rejects(openStore(url), isUnsafe("synchronous_commit"));
  });

  it("refuses a server that runs without fsync", async () => {
    await using careless = await startPostgres("fsync=off");
    await assert.rejects(openStore(await careless.createDatabase()), isUnsafe("fsync"));
  });

  it("names a database that it cannot reach, without the password", async () => {
    await assert.rejects(openStore("postgres://someone:hunter2@127.0.0.1:1/none"), (error) => {
      assert.ok(error instanceof StoreError);
      assert.equal(error.problem, StoreProblem.Unreachable);
      assert.match(error.message, /someone@127\.0\.0\.1:1\/none \(.*ECONNREFUSED/);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  });
});

function isUnsafe(setting: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof StoreError && error.problem === StoreProblem.Unsafe && error.message.includes(`${setting} = off`);
}

async function breakDuringTransaction(postgres: TestPostgres): Promise<unknown> {
  await using store = await openStore(await postgres.createDatabase());
  const failed = store.transaction(async (transaction) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction);
    await postgres.execute(`select pg_terminate_backend(${rows[0]?.pid})`);
    await sql`select 1`.execute(transaction);
  });
  const failure = await failed.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.deepEqual(await store.migrate(), []);
  return failure;
}
