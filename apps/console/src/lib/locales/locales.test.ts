import { expect, test } from "vitest";
import { en } from "./en.ts";
import { zh } from "./zh.ts";

type Texts = { readonly [key: string]: string | Texts };

function flatten(texts: Texts, prefix = ""): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === "string" ? [[prefix + key, value] as [string, string]] : flatten(value, `${prefix}${key}.`),
  );
}

const english = new Map(flatten(en));
const chinese = new Map(flatten(zh));

test("both languages have the same texts", () => {
  // Chinese has one plural form, English two.
  const comparable = [...english.keys()].filter((key) => !key.endsWith("_one"));
  expect([...chinese.keys()].sort()).toEqual(comparable.sort());
});

test("both languages fill in the same values", () => {
  const placeholders = (text: string) => [...new Set(text.match(/\{\{\w+\}\}/g))].sort();
  for (const [key, text] of chinese) expect([key, placeholders(text)]).toEqual([key, placeholders(english.get(key)!)]);
});

test("every plural has its singular in English", () => {
  const plurals = [...english.keys()].filter((key) => key.endsWith("_other"));
  for (const key of plurals) expect(english.has(key.replace(/_other$/, "_one")), key).toBe(true);
});

test("no text is empty, and no Chinese text was left in English", () => {
  for (const [key, text] of english) expect([key, text.trim().length > 0]).toEqual([key, true]);
  // Names, units and technical words that Chinese keeps.
  const kept = /^(brand|unit\.|column\.(pid|cpu|p50|p99|hostAddress)|language\.)/;
  for (const [key, text] of chinese) {
    if (!kept.test(key)) expect([key, /[\u4e00-\u9fff]/.test(text)]).toEqual([key, true]);
  }
});
