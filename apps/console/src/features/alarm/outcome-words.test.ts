import type { TFunction } from "i18next";
import { expect, test } from "vitest";
import { outcomeText } from "./outcome-words.ts";

const words = ((key: string) => key) as TFunction;

test("a reason that is known comes with what to do about it, and anything else as it was said", () => {
  expect(outcomeText(words, "cannot connect (ECONNREFUSED)")).toBe("alarm.outcome.refused (ECONNREFUSED)");
  expect(outcomeText(words, "the mail server failed (EAUTH): 535 no")).toBe("alarm.outcome.noLogin (EAUTH)");
  expect(outcomeText(words, "HTTP 500: (OOPS)")).toBe("HTTP 500: (OOPS)");
  expect(outcomeText(words, "accepted")).toBe("alarm.outcome.accepted");
});
