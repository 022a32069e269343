import { LoadResource } from "@msec/api/console/v1/capacity_pb.js";

/** What the capacity page shows. */
export const CapacityView = { Services: "services", Hosts: "hosts", Operations: "operations" } as const;
/** What the capacity page shows. */
export type CapacityView = (typeof CapacityView)[keyof typeof CapacityView];

/** What of a host the filter looks at: the highest of all unless one is named. */
export const ResourceName = { Highest: "highest", Cpu: "cpu", Memory: "memory", Disk: "disk" } as const;
/** What of a host the filter looks at. */
export type ResourceName = (typeof ResourceName)[keyof typeof ResourceName];

/** The bounds of the filter, percent, as the original's page had them. */
export const loadBounds = [20, 40, 60, 80] as const;

/** What services and hosts can be sorted by; names go up, everything else begins with the highest. */
export const LoadSort = {
  Load: "load",
  Name: "name",
  Routing: "routing",
  Cpu: "cpu",
  Memory: "memory",
  Disk: "disk",
  InFlight: "inFlight",
} as const;
/** What services and hosts can be sorted by. */
export type LoadSort = (typeof LoadSort)[keyof typeof LoadSort];

const OPEN_MAX = 50;

/** What a link to the capacity page restores; what is not there is its default. */
export interface CapacitySearch {
  readonly view?: CapacityView;
  /** Percent; one of `loadBounds`. */
  readonly above?: number;
  readonly resource?: ResourceName;
  readonly sort?: LoadSort;
  /** The services, or hosts by id, whose instances or processes are open; at most 50. */
  readonly open?: readonly string[];
  /** The operation whose details are open. */
  readonly operation?: string;
}

/** Reads a link to the capacity page; what makes no sense is left out. */
export function parseCapacitySearch(search: Record<string, unknown>): CapacitySearch {
  const view = oneOf(CapacityView, search.view);
  const above = loadBounds.find((bound) => bound === search.above);
  const resource = oneOf(ResourceName, search.resource);
  const sort = oneOf(LoadSort, search.sort);
  const open = Array.isArray(search.open)
    ? search.open.filter((one): one is string => typeof one === "string" && one.length <= 80).slice(0, OPEN_MAX)
    : [];
  return {
    ...(view === undefined || view === CapacityView.Services ? {} : { view }),
    ...(above === undefined ? {} : { above }),
    ...(resource === undefined || resource === ResourceName.Highest ? {} : { resource }),
    ...(sort === undefined || sort === LoadSort.Load ? {} : { sort }),
    ...(open.length === 0 ? {} : { open }),
    ...(typeof search.operation === "string" && search.operation.length <= 80 ? { operation: search.operation } : {}),
  };
}

/** The resource as the API names it. */
export function resourceOf(name: ResourceName): LoadResource {
  return {
    highest: LoadResource.UNSPECIFIED,
    cpu: LoadResource.CPU,
    memory: LoadResource.MEMORY,
    disk: LoadResource.DISK,
  }[name];
}

function oneOf<Value extends string>(values: Readonly<Record<string, Value>>, value: unknown): Value | undefined {
  return Object.values(values).find((one) => one === value);
}
