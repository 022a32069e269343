import type { StoreClients } from "../client.ts";
import { ask } from "./ask.ts";
import { type FlowPlace, findFlowPlaces, inPlaces } from "./flow-places.ts";
import { parseRequestId, type RequestKey } from "./request-id.ts";

/** Spans of one request that are returned. */
export const flowSpansMax = 5_000;
/** Log lines of one request that are returned. */
export const flowLogsMax = 1_000;

/** Everything known of one request. */
export interface Flow {
  /** 32 hex digits. */
  requestId: string;
  /** In order of start, at most `flowSpansMax`. */
  spans: FlowSpan[];
  /** In order of time, at most `flowLogsMax`. */
  logs: FlowLog[];
  /** More spans exist than are returned. */
  truncated: boolean;
}

/** One call, as one of its sides saw it. */
export interface FlowSpan {
  /** 16 hex digits. */
  spanId: string;
  /** 16 hex digits; empty where the request began. */
  parentSpanId: string;
  /** 1 server, 2 client. */
  side: 1 | 2;
  service: string;
  instance: string;
  host: string;
  method: string;
  peerService: string;
  peerInstance: string;
  /** Microseconds since 1970 UTC. */
  startUs: number;
  durationUs: number;
  /** gRPC status code. */
  code: number;
  message: string;
  requestBytes: number;
  responseBytes: number;
  /** Milliseconds left when the call began; 0 where it had no deadline. */
  deadlineMs: number;
  queueUs: number;
  /** 0 for the first attempt of a call, n for the n-th one after it. */
  attempt: number;
  /** Why there was another attempt: `msec.telemetry.v1.AttemptReason`. */
  attemptReason: number;
  /** Version of the called service's route table, as the caller had it; 0 where it went by none. */
  routeVersion: number;
  /** What was released at `instance`; empty where nobody knows. */
  release: string;
}

/** One log line of a request. */
export interface FlowLog {
  /** Microseconds since 1970 UTC. */
  timeUs: number;
  /** 16 hex digits; empty where the line belongs to no span. */
  spanId: string;
  service: string;
  instance: string;
  /** `trace`, `debug`, `info`, `error`, `fatal`. */
  level: string;
  text: string;
  fields: Record<string, string>;
}

// A hop that speaks only the original's head knows the flow id and not the high half of the trace id, so its rows have 0 there.
const whereRequest = `flow_id IN {flowIds:Array(UInt64)} AND ({anyHigh:Bool} OR trace_high IN (0, {traceHigh:UInt64}))`;

const hexOf = (column: string) => `lower(leftPad(hex(${column}), 16, '0'))`;
const hexOrEmpty = (column: string) => `if(${column} = 0, '', ${hexOf(column)})`;

/**
 * Find everything known of one request.
 *
 * @param requestId 32 hex digits (trace id), 16 hex digits or up to 20 decimal digits (flow id)
 * @returns `undefined` where nothing is known of it
 * @throws InvalidQuery (not an id), StoreUnavailable, TelemetryStoreError
 */
export async function getFlow(clients: StoreClients, requestId: string): Promise<Flow | undefined> {
  const key = parseRequestId(requestId);
  const places = await findFlowPlaces(clients, key.flowIds);
  const [spans, logs] = await Promise.all([readSpans(clients, key, places.spans), readLogs(clients, key, places.logs)]);
  // The high half may be missing in some rows: the first that has it names the request.
  const ids = [...spans, ...logs].map(({ traceId }) => traceId);
  const id = ids.find((traceId) => !traceId.startsWith("0000000000000000")) ?? ids[0];
  if (id === undefined) return undefined;
  return {
    requestId: id,
    spans: spans.slice(0, flowSpansMax).map(({ traceId: _, ...span }) => span),
    logs: logs.map(({ traceId: _, levelNumber, ...line }) => ({ ...line, level: levelName(levelNumber) })),
    truncated: spans.length > flowSpansMax,
  };
}

async function readSpans(
  clients: StoreClients,
  key: RequestKey,
  places: readonly FlowPlace[],
): Promise<(FlowSpan & { traceId: string })[]> {
  if (places.length === 0) return [];
  const { sql, params } = inPlaces(places, "start");
  return await ask(clients, "read the spans of a request", spanQuery(sql), { ...requestParams(key), ...params });
}

async function readLogs(
  clients: StoreClients,
  key: RequestKey,
  places: readonly FlowPlace[],
): Promise<(FlowLog & { traceId: string; levelNumber: number })[]> {
  if (places.length === 0) return [];
  const { sql, params } = inPlaces(places, "time");
  return await ask(clients, "read the log of a request", logQuery(sql), { ...requestParams(key), ...params });
}

function requestParams({ traceHigh, flowIds }: RequestKey): Record<string, unknown> {
  return { flowIds: flowIds.map(BigInt), anyHigh: traceHigh === undefined, traceHigh: traceHigh ?? "0" };
}

const spanQuery = (places: string) => `
  SELECT concat(${hexOf("trace_high")}, ${hexOf("flow_id")}) AS traceId,
    ${hexOf("span_id")} AS spanId, ${hexOrEmpty("parent_span_id")} AS parentSpanId, side, service, instance, host, method,
    peer_service AS peerService, peer_instance AS peerInstance, toUnixTimestamp64Micro(start) AS startUs,
    duration_us AS durationUs, code, message, request_bytes AS requestBytes, response_bytes AS responseBytes,
    deadline_ms AS deadlineMs, queue_us AS queueUs, attempt, attempt_reason AS attemptReason, route_version AS routeVersion, release
  FROM span WHERE ${places} AND ${whereRequest}
  ORDER BY start, side DESC LIMIT ${flowSpansMax + 1} SETTINGS max_threads = 1`;

const logQuery = (places: string) => `
  SELECT concat(${hexOf("trace_high")}, ${hexOf("flow_id")}) AS traceId, toUnixTimestamp64Micro(time) AS timeUs,
    ${hexOrEmpty("span_id")} AS spanId, service, instance, level AS levelNumber, text, fields
  FROM log WHERE ${places} AND ${whereRequest}
  ORDER BY time LIMIT ${flowLogsMax} SETTINGS max_threads = 1`;

/** The name of a level in the order of OpenTelemetry's severity numbers, as in telemetry.proto. */
function levelName(level: number): string {
  if (level >= 21) return "fatal";
  if (level >= 17) return "error";
  if (level >= 13) return "warn";
  if (level >= 9) return "info";
  if (level >= 5) return "debug";
  return "trace";
}
