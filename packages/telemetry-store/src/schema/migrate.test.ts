import assert from "node:assert/strict";
import { test } from "node:test";
import { tableColumns } from "../ingest/tables.ts";
import { readMigrations, splitStatements } from "./migrate.ts";

test("splits statements at semicolons that end a line", () => {
  assert.deepEqual(splitStatements("-- one; two\nSELECT ';' AS a\n;\n  -- three\nSELECT 2;\n"), [
    "SELECT ';' AS a",
    "SELECT 2",
  ]);
});

test("numbers its migrations from 1 without a gap, each statement harmless to repeat", () => {
  const migrations = readMigrations();
  assert.deepEqual(
    migrations.map(({ number }) => number),
    migrations.map((_, i) => i + 1),
  );
  for (const statement of migrations.flatMap(({ statements }) => statements)) {
    assert.match(
      statement,
      /IF (NOT )?EXISTS|^ALTER TABLE \w+ (MODIFY (TTL|COLUMN|SETTING)|ATTACH PARTITION ALL FROM) |^INSERT INTO/,
    );
  }
  // What is filled from another table is emptied before.
  const all = migrations.flatMap(({ statements }) => statements);
  for (const [i, statement] of all.entries()) {
    const table = /^(?:INSERT INTO|ALTER TABLE(?= \w+ ATTACH)) (\w+)/.exec(statement)?.[1];
    if (table !== undefined) assert.equal(all[i - 1], `TRUNCATE TABLE IF EXISTS ${table}`);
  }
});

test("writes the columns that the tables have", () => {
  const statements = readMigrations().flatMap(({ statements: all }) => all);
  for (const [name, columns] of Object.entries(tableColumns)) {
    const copied = statements.map((statement) =>
      new RegExp(`^CREATE TABLE IF NOT EXISTS ${name} AS (\\w+)`).exec(statement),
    );
    const table = copied.find((match) => match !== null)?.[1] ?? name;
    const create = statements.find((statement) => statement.startsWith(`CREATE TABLE IF NOT EXISTS ${table} (`))!;
    const added = statements.flatMap((statement) => {
      const match = new RegExp(`^ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ([a-z_]+) `).exec(statement);
      return match === null ? [] : [match[1]];
    });
    const created = [...create.split("\nENGINE")[0]!.matchAll(/^ {2}([a-z_]+) /gm)].map(([, column]) => column);
    const declared = [...created, ...added];
    assert.deepEqual(declared, [...columns]);
  }
});
