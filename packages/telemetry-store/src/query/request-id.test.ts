import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRequestId } from "./request-id.ts";

test("reads a request id in each of its forms", () => {
  assert.deepEqual(parseRequestId("0AF7651916cd43dd8448eb211c80319c"), {
    traceHigh: "790211418057950173",
    flowIds: ["9532127138774266268"],
  });
  assert.deepEqual(parseRequestId(" 8448eb211c80319c\n"), { traceHigh: undefined, flowIds: ["9532127138774266268"] });
  assert.deepEqual(parseRequestId("9532127138774266268"), { traceHigh: undefined, flowIds: ["9532127138774266268"] });
  assert.deepEqual(parseRequestId("7"), { traceHigh: undefined, flowIds: ["7"] });
});

test("reads sixteen digits both ways", () => {
  assert.deepEqual(parseRequestId("1234567890123456").flowIds, ["1311768467284833366", "1234567890123456"]);
});

for (const id of [
  "",
  "0",
  "0".repeat(32),
  "xyz",
  "-1",
  "1.5",
  "18446744073709551616",
  "a".repeat(15),
  "a".repeat(33),
  "1 OR 1=1",
]) {
  test(`refuses ${JSON.stringify(id)}`, () => {
    assert.throws(() => parseRequestId(id), /^InvalidQuery: request id ".*": expected 32 hex digits/);
  });
}
