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
  const hops = roots.map((span) => hopOf(span, children));
  const first = roots[0];
  const caller = first === undefined ? "" : first.side === CallSide.CLIENT ? first.service : first.peerService;
  return { caller, hops, complete: hops.every(isComplete) };
}

function hopOf(span: FlowSpan, children: ReadonlyMap<string, readonly FlowSpan[]>): Hop {
  const own = children.get(span.spanId) ?? [];
  if (span.side !== CallSide.CLIENT) {
    return {
      ...endOf(span),
      span,
      reported: true,
      spanIds: [span.spanId],
      children: own.map((child) => hopOf(child, children)),
    };
  }
  const callee = own.find((child) => child.side === CallSide.SERVER);
  if (callee === undefined) {
    return {
      service: span.peerService,
      instance: span.peerInstance,
      release: "",
      span,
      reported: false,
      spanIds: [span.spanId],
      children: [],
    };
  }
  const made = children.get(callee.spanId) ?? [];
  return {
    ...endOf(callee),
    // What the caller saw counts: a callee may have answered in time, and the caller have waited for longer than it would.
    span,
    reported: true,
    spanIds: [span.spanId, callee.spanId],
    children: made.map((child) => hopOf(child, children)),
  };
}

function endOf({ service, instance, release }: FlowSpan): { service: string; instance: string; release: string } {
  return { service, instance, release };
}

function isComplete(hop: Hop): boolean {
  return hop.reported && hop.children.every(isComplete);
}
