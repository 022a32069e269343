import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineException, ExceptionCode, engineException, statusOfException } from "./exception.ts";

test("keeps the number and text of chdb's error, without what stands before", () => {
  const exception = engineException(new Error("Query failed: Code: 60. DB::Exception: no table. (UNKNOWN_TABLE)"));
  assert.equal(exception.code, 60);
  assert.equal(exception.message, "Code: 60. DB::Exception: no table. (UNKNOWN_TABLE)");
  assert.equal(statusOfException(60), 404);
});

test("makes ClickHouse's text of anything else that was thrown", () => {
  assert.equal(engineException("boom").message, "Code: 1002. DB::Exception: boom (UNKNOWN_EXCEPTION)");
  assert.equal(statusOfException(1002), 500);
  const own = new EngineException(ExceptionCode.SyntaxError, "Empty query");
  assert.equal(engineException(own), own);
  assert.equal(own.message, "Code: 62. DB::Exception: Empty query (SYNTAX_ERROR)");
});
