import { type LoadResource, type OperationKind, OperationState } from "@msec/api/console/v1/capacity_pb.js";
import type { ListServicesResponse } from "@msec/api/console/v1/registry_pb.js";
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, useApi } from "../../lib/api.ts";
import { hostsQuery } from "../host/queries.ts";
import { servicesQuery } from "../service/queries.ts";

const LOADS_MS = 3000;
const DISTRIBUTION_MS = 2000;
const RECENT_MS = 5000;
const RECENT = 50;
// Somebody watches every step; and an operation that another began is noticed soon.
const WATCHED_MS = 700;
const QUIET_MS = 3000;
// As many as the server runs at a time.
const RUNNING_MAX = 100;

/** Load per service, highest first. @param abovePercent only those above it; 0: all */
export function serviceLoadsQuery(api: Api, abovePercent: number) {
  return queryOptions({
    queryKey: ["capacity", "services", abovePercent],
    queryFn: ({ signal }) => api.capacity.listServiceLoads({ abovePercent }, { signal }),
    refetchInterval: LOADS_MS,
    placeholderData: keepPreviousData,
  });
}

/** Load per host, highest first. @param abovePercent only those above it; 0: all @param resource what it is the load of */
export function hostLoadsQuery(api: Api, abovePercent: number, resource: LoadResource) {
  return queryOptions({
    queryKey: ["capacity", "hosts", abovePercent, resource],
    queryFn: ({ signal }) => api.capacity.listHostLoads({ abovePercent, resource }, { signal }),
    refetchInterval: LOADS_MS,
    placeholderData: keepPreviousData,
  });
}

/** Which hosts have the newest routes. */
export function distributionQuery(api: Api) {
  return queryOptions({
    queryKey: ["capacity", "distribution"],
    queryFn: ({ signal }) => api.capacity.getDistribution({}, { signal }),
    refetchInterval: DISTRIBUTION_MS,
  });
}

/** The newest operations. @param service only those that touch it; empty: all */
export function operationsQuery(api: Api, service = "") {
  return queryOptions({
    queryKey: ["operations", "recent", service],
    queryFn: ({ signal }) => api.capacity.listOperations({ service, limit: RECENT }, { signal }),
    // One that ran a moment ago: its end is what the page waits for.
    refetchInterval: ({ state }) =>
      state.data?.operations.some((one) => one.state === OperationState.RUNNING) ? WATCHED_MS : RECENT_MS,
  });
}

/**
 * The operations that run, all with one question: to watch each would take up the few connections that a browser has to one place.
 *
 * @param service  only those that touch it; empty: all
 */
export function runningQuery(api: Api, service = "") {
  return queryOptions({
    queryKey: ["operations", "running", service],
    queryFn: ({ signal }) => api.capacity.listOperations({ service, limit: RUNNING_MAX, running: true }, { signal }),
    refetchInterval: ({ state }) => ((state.data?.operations.length ?? 0) > 0 ? WATCHED_MS : QUIET_MS),
  });
}

/** What an operation is begun with. */
export interface OperationRequest {
  readonly kind: OperationKind;
  readonly instanceIds: readonly string[];
  /** Milliseconds, 1000…3600000; 0: a minute. */
  readonly stepTimeoutMs: number;
  readonly force: boolean;
  /** Of a restart: how many of a service at the same time, 1…1000. */
  readonly batch: number;
}

/** Begins an operation. */
export function useStartOperation() {
  const api = useApi();
  return useCapacityChange(async (request: OperationRequest) => {
    const { operation } = await api.capacity.startOperation({ ...request, instanceIds: [...request.instanceIds] });
    return operation;
  });
}

/**
 * Takes one instance in or out by its switch. Who changes their mind does not wait: an operation of this instance alone that still
 * runs is given up for the new one.
 */
export function useRoutingSwitch() {
  const api = useApi();
  const queryClient = useQueryClient();
  return useCapacityChange(async (request: OperationRequest) => {
    const [instanceId] = request.instanceIds;
    const { operations } = await queryClient.fetchQuery({ ...runningQuery(api), staleTime: 0 });
    const obstacle = operations.find(
      ({ instances }) => instances.length === 1 && instances[0]?.instanceId === instanceId,
    );
    if (obstacle !== undefined) await api.capacity.cancelOperation({ id: obstacle.id });
    const { operation } = await api.capacity.startOperation({ ...request, instanceIds: [...request.instanceIds] });
    return operation;
  });
}

/** A change of services, instances, operations or routes; afterwards everything that shows them is asked for again. */
export function useCapacityChange<Variables, Answer>(change: (variables: Variables) => Promise<Answer>) {
  const api = useApi();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: change,
    // Not waited for: the dialog that began it closes at once, what changed is there a moment later.
    onSettled: () => {
      for (const queryKey of [["operations"], ["capacity"], servicesQuery(api).queryKey, hostsQuery(api).queryKey])
        void queryClient.invalidateQueries({ queryKey });
    },
  });
}

/** Shows the switches of instances as the operation that was just begun will set them, until the next answer says so. */
export function useExpectRouting() {
  const api = useApi();
  const queryClient = useQueryClient();
  return (instanceIds: readonly string[], inRouting: boolean) => {
    const changed = new Set(instanceIds);
    queryClient.setQueryData<ListServicesResponse>(servicesQuery(api).queryKey, (old) =>
      old === undefined
        ? old
        : {
            ...old,
            services: old.services.map((service) => ({
              ...service,
              instances: service.instances.map((instance) =>
                changed.has(instance.id) ? { ...instance, inRouting } : instance,
              ),
            })),
          },
    );
  };
}
