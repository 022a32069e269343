import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, codeName } from "./code.ts";
import { codeFromRet, retCodes, retFromCode, retFromError } from "./ret-code.ts";
import { RpcError } from "./rpc-error.ts";

test("the table has the original's codes 0…-21, each at its place", () => {
  assert.deepEqual(
    retCodes.map((row) => row.ret),
    Array.from({ length: 22 }, (_, i) => (i === 0 ? 0 : -i)),
  );
});

test("every return code stands for a code, and only 0 for Ok", () => {
  for (const { ret, code } of retCodes) {
    assert.equal(codeFromRet(ret), code);
    assert.equal(code === Code.Ok, ret === 0, `ret ${ret}`);
  }
});

test("return codes that the original's table does not have are Unknown", () => {
  for (const ret of [-22, -1000, 5, 2 ** 31 - 1]) {
    assert.equal(codeFromRet(ret), Code.Unknown);
  }
});

test("every failure has a negative return code of the table", () => {
  for (const code of Object.values(Code)) {
    const ret = retFromCode(code);
    assert.equal(ret === 0, code === Code.Ok, codeName(code));
    assert.ok(ret <= 0 && ret >= -21, codeName(code));
  }
});

test("codes that the original has a word for survive the way there and back", () => {
  const survivors = [
    Code.Ok,
    Code.Unknown,
    Code.InvalidArgument,
    Code.DeadlineExceeded,
    Code.ResourceExhausted,
    Code.Unimplemented,
    Code.Internal,
    Code.Unavailable,
  ];
  for (const code of survivors) {
    assert.equal(codeFromRet(retFromCode(code)), code, codeName(code));
  }
});

test("an error's own return code wins where it fits the error's code", () => {
  const withRet = (code: Code, ret: number) => retFromError(new RpcError(code, "", { details: { ret } }));
  assert.equal(withRet(Code.InvalidArgument, -5), -5);
  assert.equal(withRet(Code.Unavailable, -5), -11);
  assert.equal(withRet(Code.Unknown, 7), -18);
  assert.equal(retFromError(new RpcError(Code.Unimplemented, "")), -6);
});
