import type { TFunction } from "i18next";
import { expect, test } from "vitest";
import { outcomeText } from "./outcome-words.ts";

const words = ((key: string) => key) as TFunction;

test("a reason that is known comes with what to do about it, and anything else as it was said", () => {
  expect(outcomeText(words, "cannot connect (ECONNREFUSED)")).toBe("alarm.outcome.refused (ECONNREFUSED)");
  expect(outcomeText(words, "the mail server failed (EAUTH): 535 no")).toBe("alarm.outcome.noLogin (EAUTH)");
  const cases: [string, string][] = [
    ["refused with 93000: invalid webhook url", "noRobot (93000: invalid webhook url)"],
    ["refused with 310000: keywords not in content", "keyword (310000: keywords not in content)"],
    ["refused with 310000: sign not match", "signature (310000: sign not match)"],
    ["refused with 310000: ip 1.2.3.4 not in whitelist", "addresses (310000: ip 1.2.3.4 not in whitelist)"],
    ["refused with 310000", "security (310000)"],
    ["refused with 11232: frequency limited", "tooOften (11232: frequency limited)"],
    ["HTTP 404: ok", "noPath (HTTP 404: ok)"],
  ];
  for (const [outcome, said] of cases) expect(outcomeText(words, outcome)).toBe(`alarm.outcome.${said}`);
  expect(outcomeText(words, "sent to 2")).toBe("alarm.outcome.phones");
  expect(outcomeText(words, "250 ok; not for a@b.c: 550 no such user")).toBe("alarm.outcome.missed");
  expect(outcomeText(words, "refused with 93000: …")).toBe("alarm.outcome.noRobot (93000)");
  expect(outcomeText(words, "refused with 77777: who knows")).toBe("refused with 77777: who knows");
  expect(outcomeText(words, "HTTP 500: (OOPS)")).toBe("HTTP 500: (OOPS)");
  expect(outcomeText(words, "accepted")).toBe("alarm.outcome.accepted");
});
