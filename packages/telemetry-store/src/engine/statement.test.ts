import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatOf, insertFromFile, parseInsertWithData, statementKind } from "./statement.ts";

describe("tells what a statement does by its first word", () => {
  const kinds: [sql: string, kind: string][] = [
    ["select 1", "read"],
    ["  -- drop\n/* insert */ (SELECT 1)", "read"],
    ["WITH 1 AS a SELECT a", "read"],
    ["INSERT INTO t SELECT 1", "insert"],
    ["DROP TABLE t", "write"],
    ["set max_threads = 1", "session"],
    ["USE msec", "session"],
    ["selectx", "write"],
    ["", "write"],
  ];
  for (const [sql, kind] of kinds) test(JSON.stringify(sql), () => assert.equal(statementKind(sql), kind));
});

test("finds the format that a statement ends with", () => {
  assert.equal(formatOf("SELECT 1 \nFORMAT JSONEachRow"), "JSONEachRow");
  assert.equal(formatOf("SELECT 1 format CSV settings max_threads = 1;\n"), "CSV");
  assert.equal(formatOf("SELECT format('{}', 1)"), undefined);
  assert.equal(formatOf("SELECT 1"), undefined);
});

test("takes an insert with data apart", () => {
  const data = "INSERT INTO t (a, `b c`) SETTINGS max_threads = 1\nFORMAT RowBinary\n";
  const insert = parseInsertWithData(`${data}\x01\x02`)!;
  assert.equal(insert.length, data.length);
  assert.equal(
    insertFromFile(insert, "/tmp/it's"),
    "INSERT INTO t (a, `b c`) FROM INFILE '/tmp/it\\'s' SETTINGS max_threads = 1 FORMAT RowBinary",
  );
  assert.equal(parseInsertWithData("insert into t format CSV")?.head, "insert into t");
});

test("leaves inserts alone that have no data behind them", () => {
  assert.equal(parseInsertWithData("INSERT INTO t VALUES (1)"), undefined);
  assert.equal(parseInsertWithData("INSERT INTO t SELECT 1 FORMAT CSV"), undefined);
  assert.equal(parseInsertWithData("INSERT INTO t VALUES ('a format CSV\n')"), undefined);
});
