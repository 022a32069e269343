import assert from "node:assert/strict";
import { test } from "node:test";
import { countJsonMembers, parseJson } from "./json-text.ts";

test("nesting is counted outside of strings only, and so are members", () => {
  assert.equal(countJsonMembers('{"a":[{"b:{[":"\\"}:{"}]}', 3), 2);
  assert.equal(countJsonMembers('{"a":[{}]}', 2), -1);
  assert.equal(countJsonMembers("[".repeat(64), 64), 0);
  assert.equal(countJsonMembers("[".repeat(65), 64), -1);
});

test("a name twice in one object is found, however it is spelled, and the same name in two objects is none", () => {
  for (const text of ['{"a":1,"a":1}', '[{"x":{"a":1,"\\u0061":2}}]', '{"__proto__":1,"__proto__":2}', '{"":1,"":2}']) {
    assert.deepEqual(parseJson(text), { fault: "an object in it has the same name twice" }, text);
  }
  for (const text of [
    '{"a":{"a":[{"a":1},{"a":":"}]}}',
    '{"__proto__":{"a":1},"constructor":null}',
    "7",
    "null",
    "[]",
  ]) {
    assert.deepEqual(parseJson(text), { value: JSON.parse(text) }, text);
  }
});

test("what is no JSON is said to be none", () => {
  for (const text of ["{", '{"a"1}', '{"a":1', ":::", '"', '{"a":1}}']) {
    assert.deepEqual(parseJson(text), { fault: "it is not JSON" }, text);
  }
});
