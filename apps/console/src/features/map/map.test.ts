import { create } from "@bufbuild/protobuf";
import { GetServiceMapResponseSchema, ServiceMapKind } from "@msec/api/console/v1/requests_pb.js";
import { expect, test } from "vitest";
import { failureRatio, mapGraph } from "./map-graph.ts";
import { mapTimes, parseMapSearch, shiftMap } from "./map-search.ts";

const answer = (calls: number, failures: number) =>
  create(GetServiceMapResponseSchema, {
    nodes: [
      { name: "F.f", kind: ServiceMapKind.STANDARD },
      { name: "", kind: ServiceMapKind.OUTSIDE },
    ],
    edges: [{ caller: "", callee: "F.f", calls, failures }],
  });

test("a link restores the range and the filters of the map and nothing else", () => {
  const search = {
    range: "6h",
    until: 1_790_000_000_000,
    service: "Flight",
    failed: true,
    min: 0.5,
    view: "420_-13_80",
  };
  expect(parseMapSearch(search)).toEqual(search);
  expect(parseMapSearch({ range: "live", until: -1, service: "", failed: "x", min: -2, view: "x", more: 1 })).toEqual(
    {},
  );
});

test("a live map looks at the last minute without the seconds that are still on their way", () => {
  expect(mapTimes({}, 100_000)).toEqual({ fromMs: 37_000, toMs: 97_000 });
  expect(mapTimes({ range: "1h", until: 7_200_000 }, 0)).toEqual({ fromMs: 3_600_000, toMs: 7_200_000 });
});

test("one range later than now is live again", () => {
  const now = 36_000_000;
  expect(shiftMap({ range: "1h" }, -1, now)).toBe(now - 3_600_000);
  expect(shiftMap({ range: "1h", until: now - 3_600_000 }, 1, now)).toBeUndefined();
});

test("the shape stays while numbers move, and a failing callee is marked from one in a hundred on", () => {
  const calm = mapGraph(answer(1_000, 9));
  const bad = mapGraph(answer(1_000, 10));
  expect(calm.shape).toBe(bad.shape);
  expect(calm.nodes.map(({ service, failed }) => [service, failed])).toEqual([
    ["", false],
    ["F.f", false],
  ]);
  expect(bad.nodes[1]?.failed).toBe(true);
  expect(failureRatio(bad.edges[0]!.call)).toBe(0.01);
});

test("what is called by an address is another box than who calls from outside", () => {
  const { nodes, edges } = mapGraph(
    create(GetServiceMapResponseSchema, {
      nodes: [
        { name: "", kind: ServiceMapKind.OUTSIDE },
        { name: "F.f", kind: ServiceMapKind.STANDARD },
      ],
      edges: [
        { caller: "", callee: "F.f", calls: 1 },
        { caller: "F.f", callee: "", calls: 1, failures: 1 },
      ],
    }),
  );
  expect(nodes.map(({ service, isAddressed, failed }) => [service, isAddressed, failed])).toEqual([
    ["", false, false],
    ["F.f", false, false],
    ["", true, true],
  ]);
  const [outside, , addressed] = nodes.map(({ id }) => id);
  expect(edges.map(({ from, to }) => [from === outside, to === addressed])).toEqual([
    [true, false],
    [false, true],
  ]);
});
