import type { StoreClients } from "../client.ts";
import { ask } from "./ask.ts";

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

/** Where a request was found. */
export interface RequestPlace {
  /** Low half of the trace id, decimal. */
  readonly flowId: string;
  /** When one of its calls began, microseconds since 1970 UTC. */
  readonly startUs: number;
}

/**
 * Read what is listed of each request, in the order of `found`. One of which nothing is left is left out.
 *
 * @param found at most 500
 * @throws StoreUnavailable, TelemetryStoreError
 */
export async function summarizeRequests(
  clients: StoreClients,
  found: readonly RequestPlace[],
): Promise<RequestSummary[]> {
  if (found.length === 0) return [];
  const seconds = found.map(({ startUs }) => startUs / 1e6);
  const summaries = await ask<RequestSummary>(clients, "list requests", summaryQuery, {
    flowIds: found.map(({ flowId }) => BigInt(flowId)),
    // The index of times narrows the search; a request is not open for longer than this.
    fromS: Math.floor(Math.min(...seconds)) - 600,
    toS: Math.ceil(Math.max(...seconds)) + 600,
  });
  const place = new Map(found.map(({ flowId }, position) => [BigInt(flowId), position]));
  const placeOf = (summary: RequestSummary) => place.get(flowIdOf(summary)) ?? found.length;
  return summaries.sort((a, b) => placeOf(a) - placeOf(b));
}

/** The low half of a summary's trace id. */
export function flowIdOf({ requestId }: RequestSummary): bigint {
  return BigInt(`0x${requestId.slice(16)}`);
}

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
  GROUP BY flow_id`;
