import { expect, test } from "vitest";
import { countApplied } from "./route-progress.ts";

test("a host that has applied a newer version has applied this one", () => {
  const hosts = [{ appliedRouteVersion: 11n }, { appliedRouteVersion: 12n }, { appliedRouteVersion: 13n }];
  expect(countApplied(hosts, 12n)).toEqual({ applied: 2, total: 3 });
  expect(countApplied([], 12n)).toEqual({ applied: 0, total: 0 });
});
