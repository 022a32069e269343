import type { StoreClients } from "../client.ts";
import { InvalidQuery } from "../store-error.ts";
import { ask } from "./ask.ts";
import { type RequestSummary, summarizeRequests } from "./request-summary.ts";

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
  const { service = "", method = "", failedOnly = false, limit = 50 } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) throw new InvalidQuery(`limit ${limit} must be 1…500`);
  const params = { service, method, failedOnly, limit };
  const select = foundQuery(query);
  let found: FoundRequest[] = [];
  for (const range of rangesOf(query, nowMs)) {
    found = await ask(clients, "list requests", select, { ...params, ...range });
    if (found.length === limit) break;
  }
  return await summarizeRequests(clients, found);
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
