import assert from "node:assert/strict";
import { test } from "vitest";
import { visibleText } from "./visible-text.ts";

test("what cannot be seen is shown as what it is, and colours of a terminal go", () => {
  const cases: [string, string][] = [
    ["\u001b[31mred\u001b[0m \u001b[1;38;5;12mblue\u009b0m", "red blue"],
    ["\u001b]0;title\u0007after \u001b]8;;http://x\u001b\\link", "after link"],
    ["a\u0000b\u0007c\u001b", "a␀b␇c␛"],
    ["del\u007f c1\u0085", "del␡ c1⟨U+0085⟩"],
    ["\u202Egpj.exe\u202C", "⟨U+202E⟩gpj.exe⟨U+202C⟩"],
    ["one\r\ntwo\tthree\rfour", "one\ntwo\tthree␍four"],
    ["支付 🚀👨\u200d👩 e\u0301 <b>", "支付 🚀👨\u200d👩 e\u0301 <b>"],
  ];
  for (const [text, shown] of cases) assert.equal(visibleText(text), shown);
});
