import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { CallSide, FlowSpanSchema } from "@msec/api/console/v1/telemetry_pb.js";
import { expect, test } from "vitest";
import { barOf, buildHops, calleeOf, callerOf, extentOf, flattenHops, isPartial, networkUs } from "./hop-tree.ts";

function span(
  side: "client" | "server",
  spanId: string,
  parentSpanId: string,
  startUs: number,
  durationUs: number,
  more: Omit<MessageInitShape<typeof FlowSpanSchema>, "$typeName"> = {},
) {
  return create(FlowSpanSchema, {
    side: side === "client" ? CallSide.CLIENT : CallSide.SERVER,
    spanId,
    parentSpanId,
    startUs,
    durationUs,
    service: side === "client" ? `Caller.of_${spanId}` : `Callee.of_${parentSpanId}`,
    instance: "127.0.0.1:1",
    method: "m",
    ...more,
  });
}

const flow = [
  span("client", "c1", "", 1000, 100),
  span("server", "s1", "c1", 1010, 80, { queueUs: 20 }),
  span("client", "c3", "s1", 1060, 20, {
    code: 14,
    message: "gone",
    peerService: "Db.main",
    peerInstance: "10.0.0.9:6",
  }),
  span("client", "c2", "s1", 1040, 10),
  span("server", "s2", "c2", 1042, 6),
];

test("joins the two records of a call and hangs calls below the call that made them", () => {
  const hops = buildHops(flow);
  expect(flattenHops(hops).map((hop) => [hop.depth, hop.id, hop.server?.spanId])).toEqual([
    [0, "c1", "s1"],
    [1, "c2", "s2"],
    [1, "c3", undefined],
  ]);
});

test("joins records that share one span id", () => {
  const hops = buildHops([
    span("client", "x", "", 0, 10),
    span("server", "x", "", 2, 5),
    span("client", "y", "x", 3, 1),
  ]);
  expect(flattenHops(hops).map((hop) => [hop.depth, hop.id, hop.server !== undefined])).toEqual([
    [0, "x", true],
    [1, "y", false],
  ]);
});

test("the order in which spans arrive does not matter", () => {
  expect(buildHops(flow.toReversed())).toEqual(buildHops(flow));
});

test("a span whose parent is unknown becomes a root", () => {
  const hops = buildHops(flow.slice(1));
  expect(hops.map((hop) => [hop.id, hop.client])).toEqual([["s1", undefined]]);
  expect(callerOf(hops[0]!)).toBeUndefined();
});

test("spans that name each other as parents are shown once and do not hang the page", () => {
  expect(flattenHops(buildHops([span("client", "a", "b", 0, 1), span("client", "b", "a", 0, 1)]))).toHaveLength(2);
});

test("a call without the callee's record names the callee as its caller knew it", () => {
  const failed = flattenHops(buildHops(flow)).find((hop) => hop.id === "c3")!;
  expect(calleeOf(failed)).toMatchObject({ service: "Db.main", instance: "10.0.0.9:6" });
  expect([failed.code, failed.message, networkUs(failed)]).toEqual([14, "gone", undefined]);
});

test("a callee's record from another clock is moved into its caller's, with everything below it", () => {
  const skew = 1_000_000;
  const skewed = flow.map((one) =>
    one.spanId === "c1" || one.spanId === "s2" ? one : { ...one, startUs: one.startUs + skew },
  );
  const [root, second] = flattenHops(buildHops(skewed));
  expect(root?.serverStartUs).toBe(1010);
  expect(second?.startUs).toBe(1040);
  expect(second?.serverStartUs).toBe(1042);
});

test("a bar shows the network, the queue and the work as parts of the whole", () => {
  const hops = buildHops(flow);
  const extent = extentOf(hops);
  expect(extent).toEqual({ startUs: 1000, durationUs: 100 });
  expect(barOf(hops[0]!, extent)).toEqual({
    left: 0,
    width: 100,
    queue: { left: 10, width: 20 },
    server: { left: 30, width: 60 },
  });
  expect(networkUs(hops[0]!)).toBe(20);
  expect(barOf(flattenHops(hops)[2]!, extent)).toEqual({ left: 60, width: 20, queue: undefined, server: undefined });
});

test("nothing is no error", () => {
  expect(buildHops([])).toEqual([]);
  expect(extentOf([])).toEqual({ startUs: 0, durationUs: 0 });
});

test("a chain of thousands of calls is built, and listed, without the browser's stack", () => {
  const chain = Array.from({ length: 6_000 }, (_, n) => span("server", `s${n}`, n === 0 ? "" : `s${n - 1}`, n, 1));
  const all = flattenHops(buildHops(chain));
  expect(all.length).toBe(6_000);
  expect(all.at(-1)?.depth).toBe(5_999);
});

test("a flow is partial while the call that its calls were made in has no record, and not because it came from outside", () => {
  expect(isPartial(buildHops(flow))).toBe(false);
  expect(isPartial(buildHops([span("client", "c2", "s1", 1, 1)]))).toBe(true);
  expect(isPartial(buildHops([span("server", "s1", "0af7651916cd43dd", 1, 1)]))).toBe(false);
});
