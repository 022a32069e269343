import type { GetFlowResponse } from "@msec/api/console/v1/telemetry_pb.js";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Api } from "../../lib/api.ts";
import { FailureKind, failureFrom } from "../../lib/failure.ts";
import { serverNow } from "../../lib/server-clock.ts";

const LIST_POLL_MS = 2000;
const FLOW_POLL_MS = 1000;
// Spans arrive within about two seconds; after this nobody should wait any longer.
const PATIENCE_MS = 10_000;

/** Which requests to list. */
export interface RecentFilter {
  /** Empty for any. */
  readonly service: string;
  readonly failedOnly: boolean;
  /** Empty for any. */
  readonly method: string;
  /** Milliseconds since 1970 UTC; 0 and 0 for any time. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Those of the range that took longest first. */
  readonly slowest: boolean;
  /** 1…500. */
  readonly limit: number;
}

/**
 * The newest requests.
 *
 * @param live whether to go on asking
 */
export function recentRequestsQuery(api: Api, filter: RecentFilter, live: boolean) {
  return queryOptions({
    queryKey: ["requests", filter],
    queryFn: ({ signal }) => api.telemetry.listRecentRequests(filter, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: live ? LIST_POLL_MS : false,
  });
}

/** When the last thing known of a request happened, milliseconds since 1970 UTC. */
export function flowEndMs(flow: GetFlowResponse): number {
  return Math.max(0, ...flow.spans.map((span) => span.startUs + span.durationUs)) / 1000;
}

/**
 * Everything known of one request. Asks every second until the request is found (for ten seconds), and on while its
 * spans may still be arriving.
 *
 * @param sinceMs when the page began to look for it, by the server's clock
 */
export function flowQuery(api: Api, requestId: string, sinceMs: number) {
  return queryOptions({
    queryKey: ["flow", requestId],
    queryFn: ({ signal }) => api.telemetry.getFlow({ requestId }, { signal }),
    refetchInterval: (query) => {
      const { data, error } = query.state;
      if (data !== undefined && data.spans.length > 0) {
        return serverNow() - flowEndMs(data) < PATIENCE_MS ? FLOW_POLL_MS : false;
      }
      if (error !== null && failureFrom(error).kind !== FailureKind.NotFound) return false;
      return isStillExpected(sinceMs) ? FLOW_POLL_MS : false;
    },
  });
}

/** Whether a request that is not there may still arrive. */
export function isStillExpected(sinceMs: number): boolean {
  return serverNow() - sinceMs < PATIENCE_MS;
}
