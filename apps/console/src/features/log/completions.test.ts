import assert from "node:assert/strict";
import { test } from "vitest";
import { completionsAt, withCompletion } from "./completions.ts";

const words = {
  names: ["level", "text", "method", "uid", "user", "订单"],
  services: ["Flight.mod_flight", "Pay.order"],
};
const at = (text: string) => completionsAt(text.replace("|", ""), text.indexOf("|"), words).words;

test("a name is completed while it is written, and a value after its column", () => {
  const cases: [string, string[]][] = [
    ["u|", ["uid", "user"]],
    ["level >= error and U|", ["uid", "user"]],
    ["订|", ["订单"]],
    ["uid|", []],
    ["|", []],
    ["uid = |", []],
    ["uid = u|", []],
    ["level >= |", ["trace", "debug", "info", "warn", "error", "fatal"]],
    ["level≥e|", ["error"]],
    ["level in (error, f|", ["fatal"]],
    ["service = fl|", ["Flight.mod_flight"]],
    ["dyed = |", ["true", "false"]],
    ['"u|', []],
    ['"a\\"u|', []],
    ['"a" u|', ["uid", "user"]],
    ["u|id", []],
  ];
  for (const [text, expected] of cases) assert.deepEqual(at(text), expected, text);
});

test("a completed word takes the place of what was begun", () => {
  assert.deepEqual(withCompletion("u and x", 1, 0, "uid"), { text: "uid and x", caret: 4 });
  assert.deepEqual(withCompletion("level >= e", 10, 9, "error"), { text: "level >= error ", caret: 15 });
});
