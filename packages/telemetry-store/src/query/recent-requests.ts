import type { StoreClients } from "../client.ts";
import { InvalidQuery } from "../store-error.ts";
import { ask } from "./ask.ts";

/** Which requests to list. */
export interface RecentRequestsQuery {
  /** A service that the request passed; empty or missing: any. */
  readonly service?: string | undefined;
  /** Only requests in which a call failed (a call of `service`, where one is named). */
  readonly failedOnly?: boolean | undefined;
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
// How far back to look, one after the other until enough is found: the newest are nearly always in the first.
const windowsMs = [10 * minuteMs, 4 * 60 * minuteMs, 7 * 24 * 60 * minuteMs];

/**
 * List the newest requests, newest first.
 *
 * @param nowMs milliseconds since 1970 UTC
 * @throws InvalidQuery (limit), StoreUnavailable, TelemetryStoreError
 */
export async function listRecentRequests(
  clients: StoreClients,
  { service = "", failedOnly = false, limit = 50 }: RecentRequestsQuery,
  nowMs: number,
): Promise<RequestSummary[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) throw new InvalidQuery(`limit ${limit} must be 1…500`);
  let newest: NewestRequest[] = [];
  for (const windowMs of windowsMs) {
    const fromS = Math.floor((nowMs - windowMs) / 1_000);
    newest = await ask(clients, "list requests", newestQuery, { service, failedOnly, limit, fromS });
    if (newest.length === limit) break;
  }
  if (newest.length === 0) return [];
  const starts = newest.map(({ startUs }) => startUs);
  return ask(clients, "list requests", summaryQuery, {
    flowIds: newest.map(({ flowId }) => BigInt(flowId)),
    // The index of times narrows the search; a request is not open for longer than this.
    fromS: Math.floor(Math.min(...starts) / 1e6) - 600,
    toS: Math.ceil(Math.max(...starts) / 1e6) + 600,
  });
}

interface NewestRequest {
  flowId: string;
  startUs: number;
}

const newestQuery = `
  SELECT toString(flow_id) AS flowId, toUnixTimestamp64Micro(max(start)) AS startUs
  FROM (
    SELECT flow_id, start FROM span
    WHERE start >= fromUnixTimestamp64Second({fromS:Int64}, 'UTC') AND ({service:String} = '' OR service = {service:String})
      AND (NOT {failedOnly:Bool} OR code != 0)
    ORDER BY start DESC LIMIT 1 BY flow_id LIMIT {limit:UInt32}
  )
  GROUP BY flow_id`;

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
