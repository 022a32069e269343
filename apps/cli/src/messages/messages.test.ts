import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { en } from "./en.ts";
import { chooseLanguage } from "./language.ts";
import { zh } from "./zh.ts";

test("both languages have the same messages with the same parameters, none empty", () => {
  assert.deepEqual(Object.keys(zh), Object.keys(en));
  for (const [key, english] of Object.entries(en)) {
    const chinese = zh[key as keyof typeof zh];
    assert.equal(typeof chinese, typeof english, key);
    assert.equal(chinese.length > 0, english.length > 0, key);
    if (typeof chinese === "function") assert.equal(chinese.length, english.length, key);
  }
});

test("every message is said somewhere", () => {
  const source = globSync("**/*.ts", { cwd: join(import.meta.dirname, "..") })
    .filter((file) => !file.startsWith("messages/"))
    .map((file) => readFileSync(join(import.meta.dirname, "..", file), "utf8"))
    .join("\n");
  const unused = Object.keys(en).filter((key) => !new RegExp(`\\bmessages\\.${key}\\b`).test(source));
  assert.deepEqual(unused, []);
});

test("the language is the one asked for, else the locale's, else English", () => {
  assert.equal(chooseLanguage(["ps", "--lang", "zh"], { LANG: "en_US.UTF-8" }), "zh");
  assert.equal(chooseLanguage(["--lang=en", "ps"], { LANG: "zh_CN.UTF-8" }), "en");
  assert.equal(chooseLanguage([], { LANG: "zh_CN.UTF-8" }), "zh");
  assert.equal(chooseLanguage([], { LANG: "zh_CN.UTF-8", LC_ALL: "C" }), "en");
  assert.equal(chooseLanguage([], {}), "en");
  assert.equal(chooseLanguage(["--lang", "klingon"], {}), "en");
});
