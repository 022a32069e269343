import assert from "node:assert/strict";
import { test } from "node:test";
import { withNamedEnds } from "./named-ends.ts";
import type { CountedEdge } from "./service-map.ts";

const edge = (caller: string, callee: string, calls: number, failures = 0): CountedEdge => ({
  ...{ caller, callee, calls, failures, side: caller === "" ? 1 : 2 },
  ...{ meanMs: 2, p50Ms: 1, p99Ms: 9, fromSpans: false },
});
const end = (near: string, far: string, spans: number, failed = false) => ({ near, far, spans, failed });
const shown = (edges: readonly CountedEdge[]) =>
  edges.map(({ caller, callee, calls, failures, fromSpans }) => [caller, callee, calls, failures, fromSpans]);

test("calls of nameless callers go to those who made them, failed and other ones each in the proportion of their spans", () => {
  const ends = [end("B", "A", 30), end("B", "C", 10), end("B", "", 10), end("B", "C", 4, true)];
  const edges = withNamedEnds([edge("", "B", 520, 20)], { callers: ends, callees: [] });
  assert.deepEqual(shown(edges), [
    ["", "B", 100, 0, false],
    ["A", "B", 300, 0, true],
    ["C", "B", 120, 20, true],
  ]);
  assert.deepEqual(
    edges.map(({ p99Ms, side }) => [p99Ms, side]),
    [
      [9, 1],
      [9, 1],
      [9, 1],
    ],
  );
});

test("calls that the caller counted by name are not shown a second time as those of a nameless one", () => {
  const edges = [edge("A", "B", 99, 3), edge("", "B", 101, 3)];
  assert.deepEqual(shown(withNamedEnds(edges, { callers: [end("B", "A", 50)], callees: [] })), [
    ["A", "B", 99, 3, false],
  ]);
});

test("calls to an address go to who served them there; where both ends know only half, the connection stands once", () => {
  const edges = [edge("A", "", 40), edge("", "B", 30)];
  const callees = [end("A", "B", 3), end("A", "", 1)];
  assert.deepEqual(shown(withNamedEnds(edges, { callers: [end("B", "A", 3)], callees })), [
    ["A", "", 10, 0, false],
    ["A", "B", 30, 0, true],
  ]);
});

test("where no span tells anything, the map is as it was counted", () => {
  const edges = [edge("", "B", 5, 1), edge("A", "", 5), edge("A", "C", 1)];
  assert.deepEqual(withNamedEnds(edges, { callers: [end("B", "", 9)], callees: [] }), edges);
});
