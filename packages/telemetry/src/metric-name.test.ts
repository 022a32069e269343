import assert from "node:assert/strict";
import { test } from "node:test";
import { metricNameProblem } from "./metric-name.ts";

test("names of developers may be words in any language", () => {
  for (const name of ["flight.query", "CPU_Used(%)", "查询 次数", "x".repeat(123)]) {
    assert.equal(metricNameProblem(name), undefined, name);
  }
});

const refused: [name: string, why: RegExp][] = [
  ["", /must not be empty/],
  ["x".repeat(124), /has 124 bytes, at most 123/],
  ["查".repeat(42), /has 126 bytes, at most 123/],
  ["a\nb", /cannot be printed/],
  ["a\u0000b", /cannot be printed/],
  ["a\u202eb", /cannot be printed/],
  ["\ud800", /cannot be printed/],
  [" a", /begins or ends with a space/],
];
for (const [name, why] of refused) {
  test(`the name ${JSON.stringify(name.slice(0, 12))} is refused: ${why.source}`, () => {
    assert.match(metricNameProblem(name) ?? "", why);
  });
}
