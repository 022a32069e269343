import type { ListServicesResponse } from "@msec/api/console/v1/registry_pb.js";
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, useApi } from "../../lib/api.ts";
import { hostsQuery } from "../host/queries.ts";

const POLL_MS = 2000;

/** All services with their instances, kept fresh: the tree, the overview and the service page all read this. */
export function servicesQuery(api: Api) {
  return queryOptions({
    queryKey: ["services"],
    queryFn: ({ signal }) => api.registry.listServices({}, { signal }),
    refetchInterval: POLL_MS,
  });
}

/** What to switch: instances, and whether they shall be in routing. */
export interface RoutingChange {
  readonly instanceIds: readonly string[];
  readonly inRouting: boolean;
}

/** Takes instances into routing or out of it; what the server answers is on the page before the next poll. */
export function useSetRouting() {
  const api = useApi();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ instanceIds, inRouting }: RoutingChange) =>
      api.registry.setRouting({ instanceIds: [...instanceIds], inRouting }),
    onSuccess: (answer) => {
      const changed = new Map(answer.instances.map((instance) => [instance.id, instance]));
      queryClient.setQueryData<ListServicesResponse>(servicesQuery(api).queryKey, (old) =>
        old === undefined
          ? old
          : {
              ...old,
              services: old.services.map((service) => ({
                ...service,
                instances: service.instances.map((instance) => changed.get(instance.id) ?? instance),
              })),
            },
      );
    },
    onSettled: () =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: servicesQuery(api).queryKey }),
        queryClient.invalidateQueries({ queryKey: hostsQuery(api).queryKey }),
      ]),
  });
}
