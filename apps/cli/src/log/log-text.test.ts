import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldValue, harmlessText, timeText } from "./log-text.ts";
import { parseMoment, parseTimeSpan } from "./time-span.ts";

test("no line of a log acts on the terminal or forges another line", () => {
  assert.equal(harmlessText("a\n2026 FATAL\u001b[31m\u0000\u202e\u0085"), "a\\n2026 FATAL\\x1b[31m\\x00\\u202e\\x85");
  assert.equal(harmlessText("深圳 → ok 🙂"), "深圳 → ok 🙂");
  assert.equal(fieldValue("7"), "7");
  assert.equal(fieldValue('a "b"\n\u009b'), '"a \\"b\\"\\n\\x9b"');
});

test("times are read as spans back from now or as dates", () => {
  assert.equal(parseTimeSpan("10m"), 600);
  assert.equal(parseMoment("2h", 7_200_000), 0);
  assert.equal(parseMoment("2026-11-22T08:00:00Z", 0), Date.UTC(2026, 10, 22, 8));
  for (const bad of ["", "10", "10 m", "-1m", "1w", "yesterday", "2026-99-99"])
    assert.equal(parseMoment(bad, 0), undefined, bad);
});

test("a time of another day has its date", () => {
  const nowMs = new Date(2026, 10, 22, 12).getTime();
  assert.equal(timeText(new Date(2026, 10, 22, 8, 1, 2, 3).getTime() * 1_000, nowMs), "08:01:02.003");
  assert.equal(timeText(new Date(2026, 10, 21, 8, 1, 2, 3).getTime() * 1_000, nowMs), "2026-11-21 08:01:02.003");
});
