import { queryOptions } from "@tanstack/react-query";
import type { Api } from "../../lib/api.ts";

const POLL_MS = 2500;
// With the answer's own time below two seconds.
const LIVE_MS = 1400;

/** All hosts with their processes and the route version that each has applied. */
export function hostsQuery(api: Api) {
  return queryOptions({
    queryKey: ["hosts"],
    queryFn: ({ signal }) => api.registry.listHosts({}, { signal }),
    refetchInterval: POLL_MS,
  });
}

/** The processes of a host as they are now; each question is answered by its agent, so only while somebody looks. */
export function liveProcessesQuery(api: Api, hostId: string) {
  return queryOptions({
    queryKey: ["processes", hostId],
    queryFn: ({ signal }) => api.processes.listProcesses({ hostId }, { signal }),
    refetchInterval: LIVE_MS,
    retry: false,
  });
}
