import assert from "node:assert/strict";
import { it } from "node:test";
import { Code, RpcError } from "@msec/rpc";
import { connectErrorFrom } from "./connect-error-from.ts";
import { rpcErrorFrom } from "./rpc-error-from.ts";

it("keeps what is an RpcError already", () => {
  const error = new RpcError(Code.NotFound, "no such service");
  assert.equal(rpcErrorFrom(error), error);
});

it("sends nothing of what an unexpected error says, and keeps it for the log", () => {
  const origin = new Error("password of postgres://u:hunter2@db");
  const error = rpcErrorFrom(origin);
  assert.equal(error.code, Code.Internal);
  assert.doesNotMatch(error.message, /hunter2/);
  assert.equal(error.cause, origin);
  const sent = connectErrorFrom(error, new Headers());
  assert.equal(sent.code as number, Code.Internal);
  assert.doesNotMatch(sent.message, /hunter2/);
});

it("has a code for each failure of a database", () => {
  const sqlite = (errcode: number) => Object.assign(new Error("sqlite"), { code: "ERR_SQLITE_ERROR", errcode });
  const postgres = (code: string) => Object.assign(new Error("pg"), { code });
  for (const [thrown, code] of [
    [sqlite(2067), Code.AlreadyExists],
    [sqlite(1555), Code.AlreadyExists],
    [sqlite(787), Code.FailedPrecondition],
    [sqlite(275), Code.InvalidArgument],
    [sqlite(5), Code.Aborted],
    [sqlite(13), Code.Unavailable],
    [sqlite(10 | (3 << 8)), Code.Unavailable],
    [sqlite(1), Code.Internal],
    [postgres("23505"), Code.AlreadyExists],
    [postgres("23503"), Code.FailedPrecondition],
    [postgres("23514"), Code.InvalidArgument],
    [postgres("40P01"), Code.Aborted],
    [postgres("57P01"), Code.Unavailable],
    [postgres("53100"), Code.Unavailable],
    [postgres("ECONNREFUSED"), Code.Unavailable],
    [postgres("42601"), Code.Internal],
    ["not even an error", Code.Internal],
  ] as const) {
    assert.equal(rpcErrorFrom(thrown).code, code, JSON.stringify(thrown));
  }
});
