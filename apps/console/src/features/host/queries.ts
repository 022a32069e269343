import { queryOptions } from "@tanstack/react-query";
import type { Api } from "../../lib/api.ts";

const POLL_MS = 2500;

/** All hosts with their processes and the route version that each has applied. */
export function hostsQuery(api: Api) {
  return queryOptions({
    queryKey: ["hosts"],
    queryFn: ({ signal }) => api.registry.listHosts({}, { signal }),
    refetchInterval: POLL_MS,
  });
}
