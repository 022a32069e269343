import type { MonitoringOnly } from "@msec/api/console/v1/session_pb.js";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { type Api, useApi } from "../../lib/api.ts";

/** Whether this browser is signed in, as whom, and what the server says of itself. */
export function sessionQuery(api: Api) {
  return queryOptions({
    queryKey: ["session"],
    queryFn: ({ signal }) => api.session.getSession({}, { signal }),
    staleTime: 60_000,
  });
}

/** How programs report to a server that only monitors; `undefined` of one that does everything. */
export function useMonitoringOnly(): MonitoringOnly | undefined {
  return useQuery(sessionQuery(useApi())).data?.monitoringOnly;
}
