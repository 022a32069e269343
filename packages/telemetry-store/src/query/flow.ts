import type { StoreClients } from "../client.ts";
import { askRows } from "./ask.ts";
import { orderLines } from "./flow-clock.ts";
import { levelName } from "./logs-columns.ts";
import { parseRequestId, type RequestKey } from "./request-id.ts";
import type { RowReader } from "./row-reader.ts";

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
  /** In the order in which things happened, see `orderLines`; at most `flowLogsMax`. */
  logs: FlowLog[];
  /** More spans or lines exist than are returned. */
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
  /** Microseconds to add to `timeUs` for the clock of the process in which the request began. */
  shiftUs: number;
}

/**
 * Find everything known of one request.
 *
 * @param requestId 32 hex digits (trace id), 16 hex digits or up to 20 decimal digits (flow id)
 * @returns `undefined` where nothing is known of it
 * @throws InvalidQuery (not an id), StoreUnavailable, TelemetryStoreError
 */
export async function getFlow(clients: StoreClients, requestId: string): Promise<Flow | undefined> {
  const key = parseRequestId(requestId);
  const [spans, logs] = await Promise.all([
    readFlow(clients, key, "read the spans of a request", spanQuery, flowSpansMax + 1, spanFrom),
    readFlow(clients, key, "read the log of a request", logQuery, flowLogsMax + 1, lineFrom),
  ]);
  // The high half may be missing in some rows: the first that has it names the request.
  const ids = [...spans, ...logs].map(({ traceId }) => traceId);
  const id = ids.find((traceId) => !traceId.startsWith("0000000000000000")) ?? ids[0];
  if (id === undefined) return undefined;
  return {
    requestId: id,
    spans: spans.slice(0, flowSpansMax).map(({ row }) => row),
    logs: orderLines(
      spans.map(({ row }) => row),
      logs.slice(0, flowLogsMax).map(({ row }) => row),
    ),
    truncated: spans.length > flowSpansMax || logs.length > flowLogsMax,
  };
}

interface FlowRow<Row> {
  readonly traceId: string;
  readonly row: Row;
}

async function readFlow<Row>(
  clients: StoreClients,
  { traceHigh, flowIds }: RequestKey,
  doing: string,
  query: (high: string, limit: number) => string,
  limit: number,
  rowFrom: (reader: RowReader) => Row,
): Promise<FlowRow<Row>[]> {
  // A hop that speaks only the original's head knows the flow id and not the high half of the trace id, so its rows have 0 there.
  const high = traceHigh === undefined ? "" : "AND trace_high IN (0, {traceHigh:UInt64})";
  const flowHighs = flowIds.map((id) => Number(BigInt(id) >> 32n));
  const params = { flowIds: flowIds.map(BigInt), flowHighs, ...(traceHigh !== undefined && { traceHigh }) };
  const reader = await askRows(clients, doing, query(high, limit), params, { rowsMax: limit, inOneStep: true });
  const rows: FlowRow<Row>[] = [];
  while (reader.hasMore) {
    const traceId = reader.hex64() + reader.hex64();
    rows.push({ traceId, row: rowFrom(reader) });
  }
  return rows;
}

/**
 * The condition for rows of a request, which the index by its id finds: a few granules of minutes and services, where one by id alone reads the filter of
 * each. It is part of the statement that reads them, since planning and sending is most of what a statement costs.
 */
const isOfRequest = (places: "span_request" | "log_request", time: string) => `flow_id IN {flowIds:Array(UInt64)}
    AND (service, toStartOfMinute(${time})) IN (SELECT service, minute FROM ${places} WHERE flow_high IN {flowHighs:Array(UInt32)})`;

// Columns as they are, in the order in which `spanFrom` and `lineFrom` read them: each function in a statement takes longer to plan than to compute here.
const spanQuery = (high: string, limit: number) => `
  SELECT trace_high, flow_id, span_id, parent_span_id, side, service, instance, host, method, peer_service, peer_instance, start, duration_us, code,
    message, request_bytes, response_bytes, deadline_ms, queue_us, attempt, attempt_reason, route_version, release
  FROM span WHERE ${isOfRequest("span_request", "start")} ${high}
  ORDER BY start, side DESC LIMIT ${limit}`;

const logQuery = (high: string, limit: number) => `
  SELECT trace_high, flow_id, time, span_id, service, instance, level, text, fields
  FROM log_line WHERE ${isOfRequest("log_request", "time")} ${high}
  ORDER BY time LIMIT ${limit}`;

function spanFrom(reader: RowReader): FlowSpan {
  return {
    spanId: reader.hex64(),
    parentSpanId: hexOrEmpty(reader.hex64()),
    side: reader.uint8() as 1 | 2,
    service: reader.string(),
    instance: reader.string(),
    host: reader.string(),
    method: reader.string(),
    peerService: reader.string(),
    peerInstance: reader.string(),
    startUs: reader.uint64(),
    durationUs: reader.uint32(),
    code: reader.uint8(),
    message: reader.string(),
    requestBytes: reader.uint32(),
    responseBytes: reader.uint32(),
    deadlineMs: reader.uint32(),
    queueUs: reader.uint32(),
    attempt: reader.uint8(),
    attemptReason: reader.uint8(),
    routeVersion: reader.uint32(),
    release: reader.string(),
  };
}

function lineFrom(reader: RowReader): FlowLog {
  return {
    timeUs: reader.uint64(),
    spanId: hexOrEmpty(reader.hex64()),
    service: reader.string(),
    instance: reader.string(),
    level: levelName(reader.uint8()),
    text: reader.string(),
    fields: reader.map(),
    shiftUs: 0,
  };
}

function hexOrEmpty(id: string): string {
  return id === "0000000000000000" ? "" : id;
}
