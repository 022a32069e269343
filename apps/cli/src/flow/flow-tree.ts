import { CallSide, type FlowSpan } from "@msec/api/console/v1/telemetry_pb.js";

/** One hop of a request: a call as its caller and its callee saw it. */
export interface Hop {
  /** The span to tell of: the callee's where it has arrived, else the caller's. */
  readonly span: FlowSpan;
  /** Whether the callee's own record is there; true as well where nobody called (the request began here). */
  readonly reported: boolean;
  /** The spans that belong to this hop: the caller's, the callee's, or both. */
  readonly spanIds: readonly string[];
  readonly service: string;
  readonly instance: string;
  /** What was released there; empty where nobody knows. */
  readonly release: string;
  readonly children: readonly Hop[];
}

/** The path of a request: who began it, and the hops from there. */
export interface FlowTree {
  /** The service that made the first call, empty where that is not known. */
  readonly caller: string;
  readonly hops: readonly Hop[];
  /** Whether every call has the record of its callee. */
  readonly complete: boolean;
}

/**
 * The tree of a request's hops from its spans, in order of start.
 *
 * A call has two spans: the caller's, and the callee's, whose parent is the caller's. They become one hop. A callee's record may
 * be missing (it died, or does not run on msec), and a caller's too (it has no SDK).
 */
export function flowTree(spans: readonly FlowSpan[]): FlowTree {
  const ids = new Set(spans.map((span) => span.spanId));
  const children = Map.groupBy(spans, (span) => (ids.has(span.parentSpanId) ? span.parentSpanId : ""));
  const roots = children.get("") ?? [];
  const hops: HopInMaking[] = [];
  const placed = new Set<FlowSpan>();
  for (const root of roots) placeBelow(root, hops, children, placed);
  // Spans that name each other as parents hang on no root: show them rather than lose them.
  for (const span of spans) placeBelow(span, hops, children, placed);
  const first = roots[0] ?? spans[0];
  const caller = first === undefined ? "" : first.side === CallSide.CLIENT ? first.service : first.peerService;
  return { caller, hops, complete: hops.every(isComplete) };
}

/** Calls further down stand beside those at this depth: nobody reads a tree of a thousand levels. */
const DEPTH_MAX = 50;

interface HopInMaking extends Hop {
  readonly children: HopInMaking[];
}

/** Put down a span with everything below it, each span once: ids may repeat, and parents go in circles. */
function placeBelow(
  root: FlowSpan,
  hops: HopInMaking[],
  children: ReadonlyMap<string, readonly FlowSpan[]>,
  placed: Set<FlowSpan>,
): void {
  const waiting = [{ span: root, into: hops, depth: 1 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { span, into, depth } = next;
    if (placed.has(span)) continue;
    placed.add(span);
    const own = (children.get(span.spanId) ?? []).filter((child) => !placed.has(child));
    const isCall = span.side === CallSide.CLIENT;
    const callee = isCall ? own.find((child) => child.side === CallSide.SERVER) : undefined;
    if (callee !== undefined) placed.add(callee);
    const hop = { ...hopOf(span, callee), children: [] };
    into.push(hop);
    const made = callee === undefined ? own : [...own, ...(children.get(callee.spanId) ?? [])];
    const below = depth < DEPTH_MAX ? { into: hop.children, depth: depth + 1 } : { into, depth };
    for (const child of made.toReversed()) waiting.push({ span: child, ...below });
  }
}

// Of a call what the caller saw counts: a callee may have answered in time, and the caller have waited for longer than it would.
function hopOf(span: FlowSpan, callee: FlowSpan | undefined): Omit<Hop, "children"> {
  if (callee !== undefined) return { ...endOf(callee), span, reported: true, spanIds: [span.spanId, callee.spanId] };
  const own = { span, spanIds: [span.spanId] };
  if (span.side !== CallSide.CLIENT) return { ...endOf(span), ...own, reported: true };
  return { ...own, service: span.peerService, instance: span.peerInstance, release: "", reported: false };
}

function endOf({ service, instance, release }: FlowSpan): { service: string; instance: string; release: string } {
  return { service, instance, release };
}

function isComplete(hop: Hop): boolean {
  return hop.reported && hop.children.every(isComplete);
}
