import type { StoreClients } from "../client.ts";
import { InvalidQuery } from "../store-error.ts";
import { ask } from "./ask.ts";

/** Which requests to list. */
export interface RecentRequestsQuery {
  /** A service that the request passed; empty or missing: any. */
  readonly service?: string | undefined;
  /** Only requests in which a call failed (a call of `service`, where one is named). */
  readonly failedOnly?: boolean | undefined;
  /** Only requests with a call of this method (of `service`, where one is named). */
  readonly method?: string | undefined;
  /** Only such calls that began in this range, milliseconds since 1970 UTC; both or neither. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** Those with the slowest such calls first, instead of the newest; needs a range of at most a day. */
  readonly slowest?: boolean | undefined;
  /** 1…500; default 50. */
  readonly limit?: number | undefined;
}

/** One request in a list; the names are those of its first span. */
export interface RequestSummary {
  /** 32 hex digits. */
  requestId: string;
  /** Microseconds since 1970 UTC. */
  startUs: number;
  durationUs: number;
  service: string;
  method: string;
  /** Services that it passed, in order of first span. */
  services: string[];
  spans: number;
  /** Calls in it that failed; a call that both sides recorded counts once. */
  failures: number;
  code: number;
}

const minuteMs = 60_000;
/** How far a host's clock may be ahead. */
const aheadMs = 3_600_000;
const windowsMs = [10 * minuteMs, 4 * 60 * minuteMs, 7 * 24 * 60 * minuteMs];

/**
 * List the newest requests, newest first, or the slowest ones of a range, slowest first.
 *
 * @param nowMs milliseconds since 1970 UTC
 * @throws InvalidQuery (limit, range), StoreUnavailable, TelemetryStoreError
 */
export async function listRecentRequests(
  clients: StoreClients,
  query: RecentRequestsQuery,
  nowMs: number,
): Promise<RequestSummary[]> {
  const { service = "", method = "", failedOnly = false, slowest = false, limit = 50 } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) throw new InvalidQuery(`limit ${limit} must be 1…500`);
  const params = { service, method, failedOnly, limit };
  const select = foundQuery(query);
  let found: FoundRequest[] = [];
  for (const range of rangesOf(query, nowMs)) {
    found = await ask(clients, "list requests", select, { ...params, ...range });
    if (found.length === limit) break;
  }
  if (found.length === 0) return [];
  const starts = found.map(({ startUs }) => startUs);
  const summaries = await ask<RequestSummary>(clients, "list requests", summaryQuery, {
    flowIds: found.map(({ flowId }) => BigInt(flowId)),
    // The index of times narrows the search; a request is not open for longer than this.
    fromS: Math.floor(Math.min(...starts) / 1e6) - 600,
    toS: Math.ceil(Math.max(...starts) / 1e6) + 600,
  });
  if (!slowest) return summaries;
  const place = new Map(found.map(({ flowId }, position) => [BigInt(flowId), position]));
  const placeOf = ({ requestId }: RequestSummary) => place.get(BigInt(`0x${requestId.slice(16)}`)) ?? found.length;
  return summaries.sort((a, b) => placeOf(a) - placeOf(b));
}

/** The ranges to look in, one after the other until enough is found: the newest are nearly always in the first. */
function rangesOf({ fromMs, toMs, slowest }: RecentRequestsQuery, nowMs: number): { fromUs: number; toUs: number }[] {
  if (fromMs === undefined || toMs === undefined) {
    if (slowest) throw new InvalidQuery("the slowest requests need a range: from_ms and to_ms");
    return windowsMs.map((windowMs) => ({ fromUs: (nowMs - windowMs) * 1_000, toUs: (nowMs + aheadMs) * 1_000 }));
  }
  if (!(fromMs >= 0 && toMs > fromMs && toMs <= 4e12)) {
    throw new InvalidQuery(`from_ms ${fromMs} must be before to_ms ${toMs}, both milliseconds since 1970`);
  }
  if (slowest && toMs - fromMs > 24 * 60 * minuteMs) {
    throw new InvalidQuery("the slowest requests need a range of at most a day");
  }
  return [{ fromUs: Math.floor(fromMs * 1_000), toUs: Math.ceil(toMs * 1_000) }];
}

interface FoundRequest {
  flowId: string;
  startUs: number;
}

const foundQuery = ({ service, method, failedOnly, slowest }: RecentRequestsQuery) => `
  SELECT toString(flow_id) AS flowId, toUnixTimestamp64Micro(begin) AS startUs
  FROM (
    SELECT flow_id, start AS begin, duration_us AS lasted FROM span
    WHERE start >= fromUnixTimestamp64Micro({fromUs:Int64}, 'UTC') AND start < fromUnixTimestamp64Micro({toUs:Int64}, 'UTC')
      ${service ? "AND service = {service:String}" : ""} ${method ? "AND method = {method:String}" : ""}
      ${failedOnly ? "AND code != 0" : ""}
    ORDER BY ${slowest ? "lasted" : "begin"} DESC LIMIT 1 BY flow_id LIMIT {limit:UInt32}
  )
  ORDER BY ${slowest ? "lasted" : "begin"} DESC`;

// A failed call between two services is in two spans, the caller's and, as its child, the callee's: counted by the caller's id.
const summaryQuery = `
  SELECT lower(concat(leftPad(hex(max(trace_high)), 16, '0'), leftPad(hex(flow_id), 16, '0'))) AS requestId,
    toUnixTimestamp64Micro(min(start)) AS startUs,
    argMin(duration_us, rank) AS durationUs, argMin(hop_service, rank) AS service, argMin(hop_method, rank) AS method,
    arrayDistinct(arrayMap(x -> x.2, arraySort(groupArray(5000)((rank, hop_service))))) AS services,
    count() AS spans,
    uniqExactIf(if(side = 2 OR parent_span_id = 0, span_id, parent_span_id), hop_code != 0) AS failures,
    argMin(hop_code, rank) AS code
  FROM (
    SELECT flow_id, trace_high, span_id, parent_span_id, start, (start, -side) AS rank, side, duration_us,
      service AS hop_service, method AS hop_method, code AS hop_code
    FROM span
    WHERE flow_id IN {flowIds:Array(UInt64)}
      AND start BETWEEN fromUnixTimestamp64Second({fromS:Int64}, 'UTC') AND fromUnixTimestamp64Second({toS:Int64}, 'UTC')
  )
  GROUP BY flow_id
  ORDER BY min(start) DESC, requestId`;
