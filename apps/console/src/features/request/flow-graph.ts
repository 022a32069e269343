import { calleeOf, callerOf, flattenHops, type Hop, type Place } from "./hop-tree.ts";

/** A box of the diagram: one instance of one service. */
export interface FlowNode {
  readonly id: string;
  /** Empty for a caller of which nothing is known. */
  readonly service: string;
  readonly instance: string;
  readonly host: string;
  /** It left a record of its own in this request. */
  readonly recorded: boolean;
  /** A call that it served failed. */
  readonly failed: boolean;
}

/** An arrow of the diagram: all calls of one method from one box to another. */
export interface FlowEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly method: string;
  /** The calls in order of start. */
  readonly hopIds: readonly string[];
  readonly count: number;
  readonly failures: number;
  /** The longest of the calls, microseconds. */
  readonly longestUs: number;
  /** Code of the first call that failed, 0 when none did. */
  readonly code: number;
  /** Calls that were another attempt of one before: retries, hedges, and what moved on to another instance. */
  readonly repeats: number;
  /** The different versions of routes by which the callers went, in ascending order; without 0, by no routes. */
  readonly routeVersions: readonly number[];
  /** What was released at the callee, each once, as far as it is known. */
  readonly releases: readonly string[];
}

/** The diagram of a request. */
export interface FlowGraph {
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
  /** Boxes stand for whole services, because there would be too many of them. */
  readonly byService: boolean;
}

// More boxes than this are no longer read one by one.
const MAX_NODES = 60;

/**
 * Builds the diagram: boxes are instances (services when there would be more than 60 boxes), arrows are methods.
 */
export function buildFlowGraph(hops: readonly Hop[]): FlowGraph {
  const graph = collect(hops, false);
  return graph.nodes.length > MAX_NODES ? collect(hops, true) : graph;
}

function collect(hops: readonly Hop[], byService: boolean): FlowGraph {
  const nodes = new Map<string, FlowNode>();
  const edges = new Map<string, FlowEdge>();
  const visit = (place: Place, recorded: boolean, failed: boolean): string => {
    const instance = byService ? "" : place.instance;
    const id = `${place.service}|${instance}`;
    const known = nodes.get(id);
    nodes.set(id, {
      id,
      service: place.service,
      instance,
      host: byService ? "" : place.host || (known?.host ?? ""),
      recorded: recorded || (known?.recorded ?? false),
      failed: failed || (known?.failed ?? false),
    });
    return id;
  };
  for (const hop of flattenHops(hops)) {
    const from = visit(callerOf(hop) ?? { service: "", instance: "", host: "" }, hop.client !== undefined, false);
    const to = visit(calleeOf(hop), hop.server !== undefined, hop.code !== 0);
    addCall(edges, hop, from, to);
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()], byService };
}

function addCall(edges: Map<string, FlowEdge>, hop: Hop, from: string, to: string): void {
  const id = `${from} ${to} ${hop.method}`;
  const known = edges.get(id);
  edges.set(id, {
    id,
    from,
    to,
    method: hop.method,
    hopIds: [...(known?.hopIds ?? []), hop.id],
    count: (known?.count ?? 0) + 1,
    failures: (known?.failures ?? 0) + (hop.code === 0 ? 0 : 1),
    longestUs: Math.max(known?.longestUs ?? 0, hop.durationUs),
    code: known?.code || hop.code,
    repeats: (known?.repeats ?? 0) + (hop.client !== undefined && hop.client.attempt > 0 ? 1 : 0),
    routeVersions: withOne(known?.routeVersions, hop.client?.routeVersion || undefined).sort((a, b) => a - b),
    releases: withOne(known?.releases, hop.server?.release || undefined),
  });
}

function withOne<T>(known: readonly T[] = [], one: T | undefined): T[] {
  return one === undefined || known.includes(one) ? [...known] : [...known, one];
}

/** The last part of a full method name: `queryFlight` of `flight.flight_service.queryFlight`. */
export function shortMethod(method: string): string {
  return method.slice(method.lastIndexOf(".") + 1);
}
