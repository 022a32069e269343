import assert from "node:assert/strict";
import { test } from "node:test";
import { cutText, utf8Length } from "./utf8-length.ts";

const texts = [
  "",
  "flight",
  "é",
  "春秋航空",
  "😀",
  "a😀",
  "\ud800",
  "\udc00",
  "\ud800a",
  "\ud800\ud800\udc00",
  "\udc00\ud800",
  "\u07ff\u0800\uffff",
];
for (const text of texts) {
  test(`the length of ${JSON.stringify(text)} is that of the encoded text`, () => {
    assert.equal(utf8Length(text), new TextEncoder().encode(text).length);
  });
}

test("a cut text says how much is missing and never ends in half a character", () => {
  assert.equal(cutText("flight", 6), "flight");
  assert.equal(cutText("flights", 6), "flight…(1 more)");
  assert.equal(cutText("ab😀cd", 3), "ab…(4 more)");
});
