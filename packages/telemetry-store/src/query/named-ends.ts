import type { CountedEdge } from "./service-map.ts";
import type { SpanEnd } from "./span-ends.ts";

/** What spans tell of calls that do not say who was at the other end. */
export interface SpanEnds {
  /** Of services that were called: who called. */
  readonly callers: readonly SpanEnd[];
  /** Of services that called an address: who served there. */
  readonly callees: readonly SpanEnd[];
}

/** Fewer calls than this are what rounding left. */
const leastCalls = 0.5;

/**
 * The edges of the map with calls of nameless callers, and to addresses, given to those who made or served them as far as spans tell: in the proportion of the
 * spans, of failed and other calls by itself, for failed ones are all kept and others are a sample. An edge that was counted by name stays as it was counted.
 *
 * Given edges have the times of all calls that they were taken from, and stand in no order. The sum of calls that a service serves is no other than before, unless both ends count them.
 */
export function withNamedEnds(edges: readonly CountedEdge[], { callers, callees }: SpanEnds): CountedEdge[] {
  const known = new Map(edges.map((edge) => [keyOf(edge), edge]));
  // What the called service counted first: its times are those of its own calls, the caller's those of all addresses that it called.
  const servedFirst = [...edges.filter(({ caller }) => caller === ""), ...edges.filter(({ caller }) => caller !== "")];
  const named = servedFirst.flatMap((edge) => {
    const isNameless = edge.caller === "" || edge.callee === "";
    if (!isNameless) return [edge];
    const near = edge.callee || edge.caller;
    const ends = (edge.caller === "" ? callers : callees).filter((end) => end.near === near);
    let rest = edge;
    for (const far of new Set(ends.map((end) => end.far))) {
      if (far === "") continue;
      const part = partOf(edge, ends, far);
      rest = { ...rest, calls: rest.calls - part.calls, failures: rest.failures - part.failures };
      const taken = { ...edge, ...part, fromSpans: true, ...(edge.caller === "" ? { caller: far } : { callee: far }) };
      const key = keyOf(taken);
      if (!known.has(key) && taken.calls >= leastCalls) known.set(key, taken);
    }
    return rest.calls >= leastCalls ? [roundedOf(rest)] : [];
  });
  const found = [...known.values()].filter(({ fromSpans }) => fromSpans);
  return [...named, ...found.map(roundedOf)];
}

/** The calls of an edge that had `far` at their other end. */
function partOf(edge: CountedEdge, ends: readonly SpanEnd[], far: string) {
  const failures = edge.failures * shareOf(ends, far, true);
  return { calls: (edge.calls - edge.failures) * shareOf(ends, far, false) + failures, failures };
}

/** 0…1; where no span of the kind is known, of all spans. */
function shareOf(ends: readonly SpanEnd[], far: string, failed: boolean): number {
  const ofKind = ends.filter((end) => end.failed === failed);
  const counted = ofKind.length > 0 ? ofKind : ends;
  const sum = (some: readonly SpanEnd[]) => some.reduce((total, { spans }) => total + spans, 0);
  return sum(counted.filter((end) => end.far === far)) / sum(counted);
}

function roundedOf(edge: CountedEdge): CountedEdge {
  return { ...edge, calls: Math.max(1, Math.round(edge.calls)), failures: Math.max(0, Math.round(edge.failures)) };
}

function keyOf({ caller, callee }: { readonly caller: string; readonly callee: string }): string {
  return `${caller}\n${callee}`;
}
