import assert from "node:assert/strict";
import { test } from "node:test";
import { isJsonWithinDepth } from "./json-depth.ts";

test("depth counts arrays and objects outside strings", () => {
  assert.ok(isJsonWithinDepth('{"a":[1,{"b":2}]}', 3));
  assert.ok(!isJsonWithinDepth('{"a":[1,{"b":2}]}', 2));
  assert.ok(isJsonWithinDepth(`{"a":"${"[".repeat(100)}\\"${"{".repeat(100)}"}`, 1));
  assert.ok(isJsonWithinDepth("[],[],[]", 1));
  assert.ok(!isJsonWithinDepth("[".repeat(100_000), 64));
});
