import { expect, test } from "vitest";
import { parseRequestsSearch } from "./requests-search.ts";

test("a link restores the filters of the list and nothing else", () => {
  expect(parseRequestsSearch({ service: "F.f", failed: true, limit: 200 })).toEqual({
    service: "F.f",
    failed: true,
    limit: 200,
  });
  expect(parseRequestsSearch({ service: 3, failed: "yes", limit: 51, more: 1 })).toEqual({});
});
