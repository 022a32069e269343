import { create } from "@bufbuild/protobuf";
import { HostSchema, RouteState } from "@msec/api/console/v1/registry_pb.js";
import type { TFunction } from "i18next";
import { expect, test } from "vitest";
import { behindText, countApplied, lateHosts } from "./route-progress.ts";

const NOW = 1_700_000_000_000;
const t = ((key: string, values: Record<string, unknown> = {}) =>
  [key.split(".").slice(-1)[0], ...Object.values(values)].join(" ")) as unknown as TFunction;

test("a host that has applied a newer version has applied this one", () => {
  const hosts = [{ appliedRouteVersion: 11n }, { appliedRouteVersion: 12n }, { appliedRouteVersion: 13n }];
  expect(countApplied(hosts, 12n)).toEqual({ applied: 2, total: 3 });
  expect(countApplied([], 12n)).toEqual({ applied: 0, total: 0 });
});

test("late hosts are said in a sentence, the one that lacks the routes longest first", () => {
  const host = (address: string, routeState: RouteState, sinceMs = 0) =>
    create(HostSchema, { address, routeState, routeBehindSinceMs: sinceMs });
  const current = host("10.0.0.1", RouteState.CURRENT);
  const behind = host("10.0.0.7", RouteState.BEHIND, NOW - 43_000);
  const late = lateHosts([current, host("10.0.0.9", RouteState.BEHIND, NOW - 2000), behind], NOW);
  expect(late.map(({ address }) => address)).toEqual(["10.0.0.7", "10.0.0.9"]);
  expect(behindText(t, "en", late, NOW)).toBe("behind 10.0.0.7 43s more 1");
  expect(behindText(t, "en", lateHosts([host("10.0.0.8", RouteState.DIFFERENT)], NOW), NOW)).toBe("different 10.0.0.8");
  expect(behindText(t, "en", lateHosts([host("10.0.0.8", RouteState.UNSPECIFIED)], NOW), NOW)).toBe("never 10.0.0.8");
  // A moment after a change nobody is late.
  expect(lateHosts([current, host("10.0.0.5", RouteState.BEHIND, NOW - 900)], NOW)).toEqual([]);
});
