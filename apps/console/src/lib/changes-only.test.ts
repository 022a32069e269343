import { expect, test } from "vitest";
import { changesOnly } from "./changes-only.ts";

test("a change of some keys alone is told from one of others, whatever their order and depth", () => {
  const before: { range?: string; hide?: string[]; view?: string } = { range: "1h", hide: ["a"] };
  expect(changesOnly(before, { hide: ["a", "b"], range: "1h" }, ["hide", "view"])).toBe(true);
  expect(changesOnly(before, { ...before, view: "1_2_3" }, ["hide", "view"])).toBe(true);
  expect(changesOnly(before, { hide: ["a"] }, ["hide"])).toBe(false);
  expect(changesOnly(before, { ...before, range: "6h" }, ["hide"])).toBe(false);
});
