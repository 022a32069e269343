import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { CallSide, FlowSpanSchema } from "@msec/api/console/v1/telemetry_pb.js";
import { flowTree, type Hop } from "./flow-tree.ts";

const client = (spanId: string, parentSpanId: string, service: string, peerService: string) =>
  create(FlowSpanSchema, { spanId, parentSpanId, service, peerService, side: CallSide.CLIENT, method: "m" });
const server = (spanId: string, parentSpanId: string, service: string) =>
  create(FlowSpanSchema, { spanId, parentSpanId, service, side: CallSide.SERVER, method: "m" });

const shape = (hop: Hop): unknown => [hop.service, hop.reported, ...hop.children.map(shape)];

test("caller's and callee's spans of one call are one hop, with the calls that the callee made below it", () => {
  const tree = flowTree([
    client("1", "", "traffic", "flight"),
    server("2", "1", "flight"),
    client("3", "2", "flight", "login"),
    server("4", "3", "login"),
  ]);
  assert.equal(tree.caller, "traffic");
  assert.deepEqual(tree.hops.map(shape), [["flight", true, ["login", true]]]);
  assert.equal(tree.complete, true);
});

test("a call whose callee has not reported is a hop all the same, and the flow is not complete", () => {
  const tree = flowTree([server("2", "9", "flight"), client("3", "2", "flight", "login")]);
  assert.deepEqual(tree.hops.map(shape), [["flight", true, ["login", false]]]);
  assert.equal(tree.complete, false);
});

test("a hop has what was released at its callee, and how its caller came there", () => {
  const [hop] = flowTree([
    { ...client("1", "", "traffic", "flight"), attempt: 1, attemptReason: 2, routeVersion: 57 },
    { ...server("2", "1", "flight"), release: "2026.11.22" },
  ]).hops;
  assert.deepEqual(
    [hop?.release, hop?.span.attempt, hop?.span.attemptReason, hop?.span.routeVersion],
    ["2026.11.22", 1, 2, 57],
  );
});

test("records that came twice, and parents in a circle, are hops once each", () => {
  const chain = Array.from({ length: 60 }, (_, n) => server(`${n}`, n === 0 ? "" : `${n - 1}`, "flight"));
  const count = (hops: readonly Hop[]): number => hops.reduce((sum, { children }) => sum + 1 + count(children), 0);
  assert.equal(count(flowTree([...chain, ...chain.map((span) => ({ ...span }))]).hops), 120);
  assert.equal(count(flowTree([server("1", "2", "flight"), server("2", "1", "login")]).hops), 2);
});

test("a chain of thousands of calls is a tree of few levels", () => {
  const chain = Array.from({ length: 5_000 }, (_, n) => server(`${n}`, n === 0 ? "" : `${n - 1}`, "flight"));
  const { hops, complete } = flowTree(chain);
  let levels = 0;
  for (let level = hops; level.length > 0; level = level.flatMap(({ children }) => children)) levels++;
  assert.deepEqual([levels, complete], [50, true]);
});
