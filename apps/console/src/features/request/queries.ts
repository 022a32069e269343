import { RequestOrder } from "@msec/api/console/v1/requests_pb.js";
import type { GetFlowResponse } from "@msec/api/console/v1/telemetry_pb.js";
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Api } from "../../lib/api.ts";
import { FailureKind, failureFrom } from "../../lib/failure.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { buildHops, isPartial } from "./hop-tree.ts";
import { type RequestsSearch, requestTimes } from "./requests-search.ts";

const LIST_POLL_MS = 2000;
const FLOW_POLL_MS = 1000;
// Spans arrive within about two seconds; after this nobody should wait any longer.
const PATIENCE_MS = 10_000;
// A call that has taken so long is hardly waited for any more.
const RUNNING_MS = 3_600_000;
const RUNNING_POLL_MS = 3_000;

// What a search takes at most before it is refused, and the way there and back.
const SEARCH_TIMEOUT_MS = 25_000;

/** Requests of one page of the list. */
export const PAGE_REQUESTS = 50;

interface PagePlace {
  readonly after: string;
  /** The range of the first page: it stands still for those after it. */
  readonly times?: { readonly fromMs: number; readonly toMs: number };
}

/**
 * Requests that fit, a page at a time.
 *
 * @param live whether to go on asking for the newest, while nobody has asked for a second page
 */
export function requestPagesQuery(api: Api, search: RequestsSearch, live: boolean) {
  const { service = "", method = "", caller = "", callerInstance = "", instance = "", host = "", where = "" } = search;
  const conditions = {
    ...{ service, method, caller, callerInstance, instance, host, where },
    failedOnly: search.failed ?? false,
    codes: search.code === undefined ? [] : [search.code],
    minUs: (search.min ?? 0) * 1_000,
    maxUs: (search.max ?? 0) * 1_000,
    order: search.order === "slowest" ? RequestOrder.SLOWEST : RequestOrder.NEWEST,
    limit: PAGE_REQUESTS,
  };
  return infiniteQueryOptions({
    queryKey: ["requests", search],
    queryFn: async ({ pageParam, signal }) => {
      const times = pageParam.times ?? requestTimes(search, serverNow());
      const page = await api.request.searchRequests(
        { ...conditions, ...times, after: pageParam.after },
        { signal, timeoutMs: SEARCH_TIMEOUT_MS },
      );
      return { ...page, times };
    },
    initialPageParam: { after: "" } as PagePlace,
    getNextPageParam: ({ next, times }): PagePlace | undefined => (next === "" ? undefined : { after: next, times }),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (live && (query.state.data?.pages.length ?? 0) <= 1 ? LIST_POLL_MS : false),
    refetchOnWindowFocus: false,
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
        const sinceEndMs = serverNow() - flowEndMs(data);
        if (sinceEndMs < PATIENCE_MS) return FLOW_POLL_MS;
        return sinceEndMs < RUNNING_MS && isPartial(buildHops(data.spans)) ? RUNNING_POLL_MS : false;
      }
      if (error !== null && failureFrom(error).kind !== FailureKind.NotFound) return false;
      return isStillExpected(sinceMs) ? FLOW_POLL_MS : RUNNING_POLL_MS;
    },
  });
}

/** The log lines of a request of which no call is recorded, in order of time: a call is recorded when it ends. */
export function looseLinesQuery(api: Api, requestId: string) {
  return queryOptions({
    queryKey: ["flow", requestId, "lines"],
    queryFn: async ({ signal }) => {
      const nowMs = serverNow();
      const filter = { requestId, fromMs: nowMs - RUNNING_MS, toMs: nowMs + 60_000 };
      const { lines } = await api.log.findLogs({ filter, limit: 500 }, { signal });
      return lines.toReversed();
    },
    refetchInterval: RUNNING_POLL_MS,
  });
}

/** Whether a request that is not there may still arrive. */
export function isStillExpected(sinceMs: number): boolean {
  return serverNow() - sinceMs < PATIENCE_MS;
}
