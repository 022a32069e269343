import { queryOptions } from "@tanstack/react-query";
import type { Api } from "../../lib/api.ts";

const POLL_MS = 2000;

/** All services with their instances, kept fresh: the tree, the overview and the service page all read this. */
export function servicesQuery(api: Api) {
  return queryOptions({
    queryKey: ["services"],
    queryFn: ({ signal }) => api.registry.listServices({}, { signal }),
    refetchInterval: POLL_MS,
  });
}
