import type { LogFilter } from "@msec/api/console/v1/logs_pb.js";
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Api } from "../../lib/api.ts";
import type { Language } from "../../lib/preferences.ts";
import { histogramStep, type LogsSearch, logTimes } from "./logs-search.ts";

/** Lines of one page of the table. */
export const PAGE_LINES = 1_000;
// What a search takes at most before it gives a part, and the way there and back.
const FIND_TIMEOUT_MS = 25_000;

/** The filter of the log page as the server takes it. */
export type Filter = Omit<LogFilter, "$typeName" | "$unknown">;

/** @param nowMs  where a range that ends now ends */
export function filterFrom(search: LogsSearch, nowMs: number): Filter {
  const { service = "", level = "", host = "", instance = "", request = "", dyed = false, where = "" } = search;
  return {
    ...logTimes(search, nowMs),
    service,
    level,
    host,
    instance,
    requestId: request.trim(),
    dyedOnly: dyed,
    where,
  };
}

/** Lines, newest first, a page at a time. */
export function logPagesQuery(api: Api, filter: Filter) {
  return infiniteQueryOptions({
    queryKey: ["logs", "pages", filter],
    queryFn: ({ pageParam, signal }) =>
      api.log.findLogs({ filter, limit: PAGE_LINES, before: pageParam }, { signal, timeoutMs: FIND_TIMEOUT_MS }),
    initialPageParam: "",
    getNextPageParam: ({ next }) => (next === "" ? undefined : next),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });
}

/** Counts by time and level. */
export function logCountsQuery(api: Api, filter: Filter) {
  return queryOptions({
    queryKey: ["logs", "counts", filter],
    queryFn: ({ signal }) =>
      api.log.countLogs(
        { filter, stepS: histogramStep(filter.toMs - filter.fromMs) },
        { signal, timeoutMs: FIND_TIMEOUT_MS },
      ),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });
}

/** What is wrong with an expression, in words. */
export function expressionQuery(api: Api, where: string, language: Language) {
  return queryOptions({
    queryKey: ["logs", "check", where, language],
    queryFn: ({ signal }) => api.log.checkExpression({ where, language }, { signal }),
    enabled: where.trim() !== "",
    placeholderData: keepPreviousData,
  });
}

/** What one instance wrote around a line. */
export function aroundQuery(api: Api, line: { id: string; service: string; instance: string }) {
  const { id, service, instance } = line;
  return queryOptions({
    queryKey: ["logs", "around", id, service, instance],
    queryFn: ({ signal }) => api.log.findLogsAround({ id, service, instance, count: 15 }, { signal }),
  });
}

/** The fields of lines. */
export function logFieldsQuery(api: Api) {
  return queryOptions({
    queryKey: ["logs", "fields"],
    queryFn: ({ signal }) => api.log.listLogFields({}, { signal }),
    staleTime: 10_000,
  });
}
