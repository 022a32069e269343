import { expect, test } from "vitest";
import { parseServiceSearch, toggleName } from "./service-search.ts";

test("open instances and hidden curves are read back, and what makes no sense is left out", () => {
  const search = { open: ["i1"], hide: ["flight.flight_service.queryFlight"] };
  expect(parseServiceSearch(search)).toEqual(search);
  expect(parseServiceSearch({ open: "i1", hide: [7], more: 1 })).toEqual({});
});

test("a name is put into its list and taken out again, and an empty list is none", () => {
  const one = toggleName({ hide: ["a"] }, "open", "i1");
  expect(one).toEqual({ hide: ["a"], open: ["i1"] });
  expect(toggleName(one, "open", "i1")).toEqual({ hide: ["a"] });
});
