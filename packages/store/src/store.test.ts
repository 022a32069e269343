import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { defineStoreCases } from "./store.case.ts";
import { openStore } from "./store.ts";
import { StoreError, StoreProblem } from "./store-error.ts";

describe("a store on SQLite", () => {
  let directory = "";
  let databases = 0;
  const createPath = () => join(directory, `${++databases}.db`);
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "msec-store-"));
  });
  after(() => rmSync(directory, { recursive: true }));

  defineStoreCases(async () => `sqlite:${createPath()}`);

  it("waits for the disk at each commit, logs ahead, and checks references", async () => {
    await using store = await openStore(`sqlite:${createPath()}`);
    const read = async (name: string) =>
      Object.values((await sql.raw(`pragma ${name}`).execute(store.db)).rows[0] as object)[0];
    assert.deepEqual(await Promise.all(["journal_mode", "synchronous", "foreign_keys", "busy_timeout"].map(read)), [
      "wal",
      2,
      1,
      2000,
    ]);
  });

  it("streams rows", async () => {
    await using store = await openStore(`sqlite:${createPath()}`);
    const query = sql<{
      n: number;
    }>`with recursive t(n) as (select 1 union all select n + 1 from t where n < 3) select n from t`;
    const seen: number[] = [];
    for await (const { rows } of store.db.getExecutor().stream<{ n: number }>(query.compile(store.db), 1)) {
      seen.push(...rows.map((row) => row.n));
    }
    assert.deepEqual(seen, [1, 2, 3]);
  });

  it("refuses a file that is no database, and says which", async () => {
    const path = createPath();
    writeFileSync(path, "not a database ".repeat(100));
    await assert.rejects(openStore(`sqlite:${path}`), (error) => {
      assert.ok(error instanceof StoreError);
      assert.equal(error.problem, StoreProblem.Unreachable);
      assert.ok(error.message.includes(path));
      return true;
    });
  });

  it("refuses a path in a directory that does not exist", async () => {
    await assert.rejects(
      openStore(`sqlite:${join(directory, "no", "such", "a.db")}`),
      /cannot open the SQLite database/,
    );
  });

  for (const url of ["", "mysql://host/db", "sqlite:", "/var/lib/x.db"]) {
    it(`refuses the URL ${JSON.stringify(url)}`, async () => {
      await assert.rejects(openStore(url), /expected sqlite:<file> or postgres:\/\//);
    });
  }
});
