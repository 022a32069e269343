import { create } from "@bufbuild/protobuf";
import { CallSide, FlowSpanSchema } from "@msec/api/console/v1/telemetry_pb.js";
import ELK from "elkjs/lib/elk.bundled.js";
import { expect, test } from "vitest";
import { buildFlowGraph, shortMethod } from "./flow-graph.ts";
import { elkInput, frameOf, layoutFlow, roundedPath } from "./flow-layout.ts";
import { buildHops } from "./hop-tree.ts";

function call(
  id: string,
  parent: string,
  from: string,
  to: string,
  more: {
    code?: number;
    unanswered?: boolean;
    durationUs?: number;
    attempt?: number;
    routeVersion?: number;
    release?: string;
  } = {},
) {
  const [service, instance] = from.split("@");
  const [peerService, peerInstance] = to.split("@");
  const common = { method: "p.s.m", code: more.code ?? 0, durationUs: more.durationUs ?? 10 };
  const client = create(FlowSpanSchema, {
    ...common,
    side: CallSide.CLIENT,
    spanId: id,
    parentSpanId: parent,
    service: service!,
    instance: instance!,
    peerService: peerService!,
    peerInstance: peerInstance!,
    attempt: more.attempt ?? 0,
    routeVersion: more.routeVersion ?? 0,
  });
  const server = create(FlowSpanSchema, {
    ...common,
    side: CallSide.SERVER,
    spanId: `${id}s`,
    parentSpanId: id,
    service: peerService!,
    instance: peerInstance!,
    host: "one",
    release: more.release ?? "",
  });
  return more.unanswered ? [client] : [client, server];
}

const spans = [
  ...call("1", "", "T.t@pid:7", "F.f@h:1"),
  ...call("2", "1s", "F.f@h:1", "L.l@h:2", { durationUs: 4 }),
  ...call("3", "1s", "F.f@h:1", "L.l@h:2", { durationUs: 9 }),
  ...call("4", "1s", "F.f@h:1", "L.l@h:3", { code: 14, unanswered: true }),
];

test("boxes are instances and arrows are methods with their calls counted", () => {
  const graph = buildFlowGraph(buildHops(spans));
  expect(graph.nodes.map((node) => [node.id, node.recorded, node.failed])).toEqual([
    ["T.t|pid:7", true, false],
    ["F.f|h:1", true, false],
    ["L.l|h:2", true, false],
    ["L.l|h:3", false, true],
  ]);
  expect(graph.edges.map((edge) => [edge.from, edge.to, edge.count, edge.failures, edge.longestUs, edge.code])).toEqual(
    [
      ["T.t|pid:7", "F.f|h:1", 1, 0, 10, 0],
      ["F.f|h:1", "L.l|h:2", 2, 0, 9, 0],
      ["F.f|h:1", "L.l|h:3", 1, 1, 10, 14],
    ],
  );
});

test("an arrow has the attempts after the first, the versions of the routes and the releases of its calls", () => {
  const graph = buildFlowGraph(
    buildHops([
      ...call("1", "", "T.t@pid:7", "F.f@h:1", { routeVersion: 57, release: "b" }),
      ...call("2", "", "T.t@pid:7", "F.f@h:1", { routeVersion: 56, release: "b", attempt: 1 }),
      ...call("3", "", "T.t@pid:7", "F.f@h:1", { routeVersion: 57, release: "a" }),
      ...call("4", "", "T.t@pid:7", "F.f@h:1", { unanswered: true }),
    ]),
  );
  expect(graph.edges.map((edge) => [edge.repeats, edge.routeVersions, edge.releases])).toEqual([
    [1, [56, 57], ["b", "a"]],
  ]);
});

test("a request from outside begins at a box without a name", () => {
  const graph = buildFlowGraph(buildHops(spans.slice(1, 2)));
  expect(graph.nodes.map((node) => [node.service, node.recorded])).toEqual([
    ["", false],
    ["F.f", true],
  ]);
});

test("a diagram of too many instances shows services", () => {
  const many = Array.from({ length: 70 }, (_, index) => call(`c${index}`, "", "T.t@pid:7", `F.f@h:${index}`)).flat();
  const graph = buildFlowGraph(buildHops(many));
  expect([graph.byService, graph.nodes.length, graph.edges.length, graph.edges[0]?.count]).toEqual([true, 2, 1, 70]);
});

test("elk lays it out from left to right, without overlaps, with every arrow from its box to its box", async () => {
  const graph = buildFlowGraph(buildHops(spans));
  const input = elkInput(
    graph,
    (edge) => ({ title: shortMethod(edge.method), detail: "10 µs" }),
    (node) => [node.service],
  );
  const layout = await layoutFlow(new ELK(), input);
  const [traffic, flight, login, other] = graph.nodes.map((node) => layout.nodes.get(node.id)!);
  expect(flight!.x).toBeGreaterThan(traffic!.x + traffic!.width);
  expect(login!.x).toBeGreaterThan(flight!.x + flight!.width);
  expect(Math.abs(login!.y - other!.y)).toBeGreaterThanOrEqual(login!.height);
  for (const edge of graph.edges) {
    const { points } = layout.edges.get(edge.id)!;
    const from = layout.nodes.get(edge.from)!;
    expect(points[0]!.x).toBeCloseTo(from.x + from.width);
    expect(points.at(-1)!.x).toBeCloseTo(layout.nodes.get(edge.to)!.x);
  }
});

test("a path turns its corners in arcs and survives corners closer than their radius", () => {
  expect(roundedPath([])).toBe("");
  expect(
    roundedPath([
      { x: 0, y: 0 },
      { x: 10, y: 0 },
    ]),
  ).toBe("M0,0L10,0");
  expect(
    roundedPath([
      { x: 0, y: 0 },
      { x: 20, y: 0 },
      { x: 20, y: 4 },
    ]),
  ).toBe("M0,0L14,0Q20,0 20,2L20,4");
});

test("a diagram is shown as large as it is, made smaller to fit, and never too small to read", () => {
  expect(frameOf({ width: 400, height: 100 }, 1000)).toEqual({ height: 148, zoom: 1, x: 300, y: 24 });
  expect(frameOf({ width: 1000, height: 100 }, 848)).toEqual({ height: 128, zoom: 0.8, x: 24, y: 24 });
  expect(frameOf({ width: 9000, height: 9000 }, 848)).toEqual({ height: 460, zoom: 0.66, x: 24, y: 24 });
  // What is looked at first is in the middle; nothing is left empty for it.
  expect(frameOf({ width: 900, height: 1_000 }, 848, { minZoom: 1, startY: 500 }).y).toBe(-270);
  expect(frameOf({ width: 900, height: 1_000 }, 848, { minZoom: 1, startY: 990 }).y).toBe(460 - 1_000 - 24);
});

test("a request of too many methods or services is folded into what can be laid out", () => {
  const many = (to: (n: number) => string, method: (n: number) => string) =>
    Array.from({ length: 500 }, (_, n) =>
      call(`${n}`, "", "T.t@pid:7", to(n)).map((one) => ({ ...one, method: method(n) })),
    ).flat();
  const methods = buildFlowGraph(
    buildHops(
      many(
        () => "F.f@h:1",
        (n) => `m${n}`,
      ),
    ),
  );
  expect(methods.edges.map(({ method, count }) => [method, count])).toEqual([["…", 500]]);
  const services = buildFlowGraph(
    buildHops(
      many(
        (n) => `S.s${n}@h:1`,
        () => "m",
      ),
    ),
  );
  expect([services.nodes.length, services.byService]).toEqual([21, true]);
  expect(services.nodes.at(-1)?.service).toBe("…");
  expect(services.edges.reduce((sum, { count }) => sum + count, 0)).toBe(500);
});
