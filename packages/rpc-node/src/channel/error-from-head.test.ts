import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "@msec/rpc";
import { RpcHead } from "@msec/wire";
import { errorFromHead } from "./error-from-head.ts";

for (const [code, err, found, says] of [
  [4_000_000, 0, Code.Unknown, /answered with code 4000000/],
  [4_000_000, -6, Code.Unimplemented, /invalid method name/],
  [Code.Ok, -6, Code.Unimplemented, /invalid method name/],
  [Code.Aborted, -2, Code.Aborted, /system error/],
  [Code.Aborted, 0, Code.Aborted, /answered with code 10/],
  [0, -77, Code.Unknown, /answered with error -77/],
] as const) {
  test(`code ${code} with err ${err} is a failure, never Ok: ${found}`, () => {
    const head = Object.assign(new RpcHead(), { code, err });
    const error = errorFromHead(head);
    assert.equal(error.code, found);
    assert.match(error.message, says);
  });
}
