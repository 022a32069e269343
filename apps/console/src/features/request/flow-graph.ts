import { calleeOf, callerOf, flattenHops, type Hop, isInternal, type Place } from "./hop-tree.ts";

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

// More boxes than this are no longer read one by one, nor more arrows; and the layout of thousands would hold up the browser.
const MAX_NODES = 60;
const MAX_EDGES = 200;
// Where even services are too many: those that come first, and one box for the others.
const MAX_SERVICES = 20;
/** Stands for what is folded together. */
const OTHERS = "…";

/**
 * Builds the diagram: boxes are instances, arrows are methods. Where those would be more than 60 boxes or 200 arrows, boxes are services; where they still would be, arrows are
 * all methods together, and services after the first 20 one box.
 */
export function buildFlowGraph(hops: readonly Hop[]): FlowGraph {
  const all = flattenHops(hops);
  const graph = collect(all, (place) => place);
  if (fits(graph)) return { ...graph, byService: false };
  const services = collect(all, ({ service }) => ({ service, instance: "", host: "" }));
  if (fits(services)) return { ...services, byService: true };
  const known = new Set<string>();
  const fold = ({ service }: Place): Place => {
    if (known.size < MAX_SERVICES) known.add(service);
    return { service: known.has(service) ? service : OTHERS, instance: "", host: "" };
  };
  return { ...collect(all, fold, () => OTHERS), byService: true };
}

function fits({ nodes, edges }: Pick<FlowGraph, "nodes" | "edges">): boolean {
  return nodes.length <= MAX_NODES && edges.length <= MAX_EDGES;
}

function collect(
  hops: readonly Hop[],
  boxOf: (place: Place) => Place,
  arrowOf: (method: string) => string = (method) => method,
): Pick<FlowGraph, "nodes" | "edges"> {
  const nodes = new Map<string, FlowNode>();
  const edges = new Map<string, EdgeInMaking>();
  const visit = (place: Place, recorded: boolean, failed: boolean): string => {
    const { service, instance, host } = boxOf(place);
    const id = `${service}|${instance}`;
    const known = nodes.get(id);
    nodes.set(id, {
      id,
      service,
      instance,
      host: host || (known?.host ?? ""),
      recorded: recorded || (known?.recorded ?? false),
      failed: failed || (known?.failed ?? false),
    });
    return id;
  };
  for (const hop of hops) {
    if (isInternal(hop)) {
      visit(calleeOf(hop), true, false);
      continue;
    }
    const from = visit(callerOf(hop) ?? { service: "", instance: "", host: "" }, hop.client !== undefined, false);
    const to = visit(calleeOf(hop), hop.server !== undefined, hop.code !== 0);
    addCall(edges, hop, from, to, arrowOf(hop.method));
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

interface EdgeInMaking extends FlowEdge {
  readonly hopIds: string[];
}

function addCall(edges: Map<string, EdgeInMaking>, hop: Hop, from: string, to: string, method: string): void {
  const id = `${from} ${to} ${method}`;
  const known = edges.get(id);
  const hopIds = known?.hopIds ?? [];
  hopIds.push(hop.id);
  edges.set(id, {
    id,
    from,
    to,
    method,
    hopIds,
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
