import { expect, test } from "vitest";
import { signInTokenFrom } from "./sign-in-token.ts";

test("finds the token in what was pasted", () => {
  const cases: [string, string][] = [
    ["abc-DEF_1", "abc-DEF_1"],
    ["  abc\n", "abc"],
    ["#abc", "abc"],
    ["#token=abc", "abc"],
    ["http://127.0.0.1:8080/sign-in#abc", "abc"],
    ["abc%2B1", "abc+1"],
    ["50%", "50%"],
    ["", ""],
    ["#", ""],
  ];
  for (const [text, token] of cases) expect([text, signInTokenFrom(text)]).toEqual([text, token]);
});
