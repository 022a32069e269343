import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SaidLanguage, saidIn, saidLanguageOf, sentences } from "./said-in.ts";

const checkout = join(import.meta.dirname, "../../../..");
/** What of the server and its stores can be thrown at a person. */
const sources = globSync(["apps/server/src/**/*.ts", "packages/{store,telemetry-store}/src/**/*.ts"], { cwd: checkout })
  .filter((file) => !/\.(test|case)\.ts$|\/testing\/|\/fixture\/|\/engine\/main|errors\/chinese/.test(file))
  // What agents, programs and OpenTelemetry's exporters are told is for no person's eyes.
  .filter(
    (file) =>
      !/agents\/(handler|calling-host|enrollment|listener|reload-orders)|store-batches|(agent|control)-feed/.test(file),
  )
  .map((file) => ({ file, text: readFileSync(join(checkout, file), "utf8") }));
const thrown =
  /(?:new (?:RpcError|InvalidQuery)\(\s*(?:Code\.\w+,\s*)?|\brefuse\(\s*|sendApiError\([^"`;]*"\w+",\s*)(?=["`])/g;

/** The text of the literal that begins at `at`, with `{}` for each expression in it. */
function literalAt(text: string, at: number): string {
  const quote = text[at];
  let literal = "";
  let depth = 0;
  for (let index = at + 1; depth > 0 || text[index] !== quote; index++) {
    const sign = text[index];
    if (depth > 0) depth += sign === "{" ? 1 : sign === "}" ? -1 : 0;
    else if (sign === "$" && text[index + 1] === "{") {
      literal += "{}";
      index++;
      depth = 1;
    } else literal += sign === "\\" ? text[++index] : sign;
  }
  return literal;
}

test("every sentence that the API can say has its Chinese", () => {
  const missing = sources.flatMap(({ file, text }) =>
    [...text.matchAll(thrown)]
      .map((match) => literalAt(text, match.index + match[0].length))
      // A field's name, say, with which a sentence is made.
      .filter((literal) => /[a-z] [a-z{]|\} [a-z]/i.test(literal))
      .filter((literal) => {
        let count = 0;
        const message = literal.replaceAll("{}", () => `<${count++}>`);
        return saidIn(SaidLanguage.Chinese, message) === message;
      })
      .map((literal) => `${file}: ${literal}`),
  );
  assert.deepEqual(missing, []);
});

test("no sentence is there twice, has Chinese for more than it says, or is said by nobody", () => {
  const unsaid: string[] = [];
  const all = sources.map(({ text }) => text.replaceAll('\\"', '"')).join("\n");
  assert.equal(new Set(sentences.map(([english]) => english)).size, sentences.length);
  for (const [english, chinese] of sentences) {
    const gaps = english.split("{}").length - 1;
    for (const [, digit] of chinese.matchAll(/\{(\d)\}/g)) assert.ok(Number(digit) <= gaps, english);
    const parts = english.split("{}").filter((part) => part.trim().length > 11);
    if (!english.startsWith("the expression cannot be read at"))
      unsaid.push(...parts.filter((part) => !all.includes(part)));
  }
  assert.deepEqual(unsaid, []);
});

test("what differs stands where Chinese has it, and sentences within sentences are read too", () => {
  const cases = [
    [
      "127.0.0.1:80 of Flight.mod_flight is in routing; take it out first",
      "Flight.mod_flight 的 127.0.0.1:80 在路由中，请先移出",
    ],
    ['retention of "log": days 0 must be 1…730', '"log" 的保留期：days 0 必须在 1…730 之间'],
    ["name is 300 characters: expected at most 128", "name 是 300 个字符，应为 最多 128"],
    [
      "the expression cannot be read at character 7: expected a value, found the end",
      "无法读取表达式：第 7 个字符：此处应为值，却是 表达式结尾",
    ],
    ["another program's words", "another program's words"],
  ] as const;
  for (const [english, chinese] of cases) {
    assert.equal(saidIn(SaidLanguage.Chinese, english), chinese);
    assert.equal(saidIn(SaidLanguage.English, english), english);
  }
});

test("the language is the one of both that a request likes best", () => {
  const cases = [
    [undefined, "en"],
    ["zh", "zh"],
    ["zh-Hans-CN,zh;q=0.9,en;q=0.8", "zh"],
    ["fr, en;q=0.3, zh-TW;q=0.5", "zh"],
    ["en-US,en;q=0.9,zh;q=0.8", "en"],
    ["zh;q=0", "en"],
    ["*;;;,=q", "en"],
  ] as const;
  for (const [header, language] of cases) assert.equal(saidLanguageOf(header), language, header);
});
