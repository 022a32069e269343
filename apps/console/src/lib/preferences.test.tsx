import { beforeEach, expect, test } from "vitest";
import { chooseTheme, currentScheme, initialLanguage, rememberLanguage, themeChoice } from "./preferences.ts";

beforeEach(() => localStorage.clear());

test("a chosen theme is applied, remembered under the key that theme.js reads, and undone by the system's", () => {
  chooseTheme("dark");
  expect([localStorage.getItem("msec.theme"), currentScheme(), document.documentElement.dataset.theme]).toEqual([
    "dark",
    "dark",
    "dark",
  ]);
  chooseTheme("system");
  expect([themeChoice(), currentScheme()]).toEqual(["system", "light"]);
});

test("the language is the remembered one, else what the browser likes better of the two", () => {
  expect(initialLanguage(["fr-FR", "zh-TW", "en"])).toBe("zh");
  expect(initialLanguage(["en-GB", "zh"])).toBe("en");
  expect(initialLanguage(["fr-FR"])).toBe("en");
  rememberLanguage("zh");
  expect(initialLanguage(["en-GB"])).toBe("zh");
});
