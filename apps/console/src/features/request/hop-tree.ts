import { CallSide, type FlowSpan } from "@msec/api/console/v1/telemetry_pb.js";

/** One call of a request, as both its sides recorded it, with the calls that it made. */
export interface Hop {
  /** The span id of its caller's record where there is one, else of its callee's. */
  readonly id: string;
  /** As the caller saw it; absent for a request that came from outside. */
  readonly client: FlowSpan | undefined;
  /** As the callee saw it; absent when it never arrived, or when its record has not. */
  readonly server: FlowSpan | undefined;
  readonly depth: number;
  /** By start. */
  readonly children: readonly Hop[];
  /** Microseconds to add to the server record's times, so that it lies within its caller's record. */
  readonly serverShiftUs: number;
  /** Start of the call on the page's common clock, microseconds since 1970 UTC. */
  readonly startUs: number;
  /** Duration as its caller saw it, else as its callee did; microseconds. */
  readonly durationUs: number;
  /** Start of the callee's work (its queueing included) on the common clock; undefined without its record. */
  readonly serverStartUs: number | undefined;
  /** gRPC status code as the caller saw it, else as the callee did. */
  readonly code: number;
  readonly message: string;
  readonly method: string;
}

interface Pair {
  client: FlowSpan | undefined;
  server: FlowSpan | undefined;
  parentId: string;
}

/**
 * Builds the calls of a request from its spans.
 *
 * A callee's span has its caller's span as parent (W3C), or the same id. Spans whose parent is not there become roots,
 * so a partial flow is shown as far as it is known. Clocks of hosts differ: a callee's record that does not lie within
 * its caller's is moved into the middle of it, with everything below it.
 *
 * @param spans in any order; ids may repeat across sides
 * @returns roots by start
 */
export function buildHops(spans: readonly FlowSpan[]): readonly Hop[] {
  const clients = new Map(spans.filter((span) => span.side === CallSide.CLIENT).map((span) => [span.spanId, span]));
  const pairs = new Map<string, Pair>();
  // Which hop the calls below a span belong to.
  const hopOfSpan = new Map<string, string>();
  for (const client of clients.values()) {
    pairs.set(client.spanId, { client, server: undefined, parentId: client.parentSpanId });
    hopOfSpan.set(client.spanId, client.spanId);
  }
  for (const server of spans) {
    if (server.side === CallSide.CLIENT) continue;
    const caller = clients.get(server.parentSpanId) ?? clients.get(server.spanId);
    const pair = caller === undefined ? undefined : pairs.get(caller.spanId);
    if (caller !== undefined && pair !== undefined && pair.server === undefined) {
      pair.server = server;
      hopOfSpan.set(server.spanId, caller.spanId);
    } else {
      // From outside, or a second arrival of the same call (a retry below us): a hop of its own.
      const id = pairs.has(server.spanId) ? `${server.spanId}/${pairs.size}` : server.spanId;
      pairs.set(id, { client: undefined, server, parentId: server.parentSpanId });
      if (!hopOfSpan.has(server.spanId)) hopOfSpan.set(server.spanId, id);
    }
  }
  return assemble(pairs, hopOfSpan);
}

// Without recursion: a request may be a chain of thousands, and the browser's stack is not.
function assemble(pairs: ReadonlyMap<string, Pair>, hopOfSpan: ReadonlyMap<string, string>): readonly Hop[] {
  const below = new Map<string, string[]>();
  const roots: string[] = [];
  for (const [id, pair] of pairs) {
    const parent = hopOfSpan.get(pair.parentId);
    if (parent === undefined || parent === id || pair.parentId === "") {
      roots.push(id);
      continue;
    }
    const siblings = below.get(parent);
    if (siblings === undefined) below.set(parent, [id]);
    else siblings.push(id);
  }
  const made = new Map<string, HopInMaking>();
  const hops: Hop[] = [];
  const build = (root: string) => {
    const waiting: { id: string; parent: HopInMaking | undefined }[] = [{ id: root, parent: undefined }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { id, parent } = next;
      if (made.has(id)) continue;
      const depth = parent === undefined ? 0 : parent.depth + 1;
      const hop = { ...describeHop(id, pairs.get(id)!, depth, parent?.serverShiftUs ?? 0), children: [] };
      made.set(id, hop);
      (parent?.children ?? hops).push(hop);
      for (const child of below.get(id) ?? []) waiting.push({ id: child, parent: hop });
    }
  };
  for (const id of roots) build(id);
  // Spans that name each other as parents hang on no root: show them rather than lose them.
  for (const id of pairs.keys()) build(id);
  for (const { children } of made.values()) children.sort(byStart);
  return hops.sort(byStart);
}

interface HopInMaking extends Hop {
  readonly children: Hop[];
}

function describeHop(id: string, { client, server }: Pair, depth: number, shiftUs: number): Hop {
  const primary = (client ?? server)!;
  const startUs = primary.startUs + shiftUs;
  let serverShiftUs = shiftUs;
  if (client !== undefined && server !== undefined) {
    const slackUs = Math.max(0, client.durationUs - server.durationUs);
    const leadUs = server.startUs + shiftUs - startUs;
    if (leadUs < 0 || leadUs > slackUs) serverShiftUs = startUs + slackUs / 2 - server.startUs;
  }
  return {
    id,
    client,
    server,
    depth,
    children: [],
    serverShiftUs,
    startUs,
    durationUs: primary.durationUs,
    serverStartUs: server === undefined ? undefined : server.startUs + serverShiftUs,
    code: primary.code,
    message: primary.message || (server?.message ?? ""),
    method: primary.method || (server?.method ?? ""),
  };
}

function byStart(a: Hop, b: Hop): number {
  return a.startUs - b.startUs || (a.id < b.id ? -1 : 1);
}

/** All hops in the order in which a waterfall shows them: each before the calls that it made. */
export function flattenHops(hops: readonly Hop[]): readonly Hop[] {
  const flat: Hop[] = [];
  const waiting = hops.toReversed();
  for (let hop = waiting.pop(); hop !== undefined; hop = waiting.pop()) {
    flat.push(hop);
    for (const child of hop.children.toReversed()) waiting.push(child);
  }
  return flat;
}

/** Where one end of a call is: its service and, as far as known, its instance. */
export interface Place {
  readonly service: string;
  readonly instance: string;
  readonly host: string;
}

/** Who was called: from its own record, else as its caller named it. */
export function calleeOf(hop: Hop): Place {
  if (hop.server !== undefined) return hop.server;
  return { service: hop.client!.peerService, instance: hop.client!.peerInstance, host: "" };
}

/** Who called: from its own record, else as the callee named it; undefined when nothing is known of it. */
export function callerOf(hop: Hop): Place | undefined {
  if (hop.client !== undefined) return hop.client;
  const { peerService, peerInstance } = hop.server!;
  return peerService === "" && peerInstance === ""
    ? undefined
    : { service: peerService, instance: peerInstance, host: "" };
}

/** Whether it is work of a service for itself, which OpenTelemetry's INTERNAL spans are: no call, nobody on the other side. */
export function isInternal({ client, server }: Hop): boolean {
  return client === undefined && server?.peerInstance === "" && server.peerService === server.service;
}

/** From the first start to the last end of all hops. */
export function extentOf(hops: readonly Hop[]): { readonly startUs: number; readonly durationUs: number } {
  const all = flattenHops(hops);
  if (all.length === 0) return { startUs: 0, durationUs: 0 };
  const startUs = Math.min(...all.map((hop) => hop.startUs));
  const endUs = Math.max(...all.map((hop) => hop.startUs + hop.durationUs));
  return { startUs, durationUs: endUs - startUs };
}

/** Parts of one hop's bar, in percent of the whole request's extent. */
export interface HopBar {
  /** The call as its caller saw it (what is not below `server` is network and connection). */
  readonly left: number;
  readonly width: number;
  /** The wait before the callee's handler ran. */
  readonly queue: { readonly left: number; readonly width: number } | undefined;
  /** The callee's handler. */
  readonly server: { readonly left: number; readonly width: number } | undefined;
}

/** Where the bar of a hop is drawn. */
export function barOf(hop: Hop, extent: { readonly startUs: number; readonly durationUs: number }): HopBar {
  const scale = extent.durationUs > 0 ? 100 / extent.durationUs : 0;
  const at = (us: number) => (us - extent.startUs) * scale;
  const base = { left: at(hop.startUs), width: hop.durationUs * scale };
  if (hop.server === undefined || hop.serverStartUs === undefined)
    return { ...base, queue: undefined, server: undefined };
  const queueUs = Math.min(hop.server.queueUs, hop.server.durationUs);
  return {
    ...base,
    queue: queueUs > 0 ? { left: at(hop.serverStartUs), width: queueUs * scale } : undefined,
    server: { left: at(hop.serverStartUs + queueUs), width: (hop.server.durationUs - queueUs) * scale },
  };
}

/** What of a call was neither queueing nor the callee's work: connection and network; undefined without both records. */
export function networkUs(hop: Hop): number | undefined {
  if (hop.client === undefined || hop.server === undefined) return undefined;
  return Math.max(0, hop.client.durationUs - hop.server.durationUs);
}

/**
 * Whether a call made by a service of ours was made while it served another one that has left no record: that one still runs, or was not kept.
 *
 * What came from outside with a parent of its own does not count: nobody sends us that record.
 */
export function isPartial(hops: readonly Hop[]): boolean {
  return hops.some(({ client }) => client !== undefined && client.parentSpanId !== "");
}
