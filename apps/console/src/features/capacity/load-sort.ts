import type { HostLoad, ServiceLoad } from "@msec/api/console/v1/capacity_pb.js";
import { LoadSort } from "./capacity-search.ts";

/** Services in the order asked for; equal ones by name. */
export function sortServiceLoads(loads: readonly ServiceLoad[], sort: LoadSort): ServiceLoad[] {
  const value = ({ loadPercent, inRouting, cpuPercent, memoryBytes, inFlight }: ServiceLoad): number => {
    if (sort === LoadSort.Name) return 0;
    if (sort === LoadSort.Routing) return inRouting;
    if (sort === LoadSort.Cpu) return cpuPercent;
    if (sort === LoadSort.Memory) return memoryBytes;
    return sort === LoadSort.InFlight ? inFlight : loadPercent;
  };
  return loads.toSorted((a, b) => value(b) - value(a) || (a.service < b.service ? -1 : 1));
}

/** Hosts in the order asked for; equal ones by name. */
export function sortHostLoads(loads: readonly HostLoad[], sort: LoadSort): HostLoad[] {
  const value = (load: HostLoad): number => {
    if (sort === LoadSort.Name) return 0;
    if (sort === LoadSort.Cpu) return load.cpuPercent;
    if (sort === LoadSort.Memory) return load.memoryPercent;
    if (sort === LoadSort.Disk) return load.diskPercent;
    if (sort === LoadSort.Routing) return load.inRouting;
    return Math.max(load.cpuPercent, load.memoryPercent, load.diskPercent);
  };
  return loads.toSorted((a, b) => value(b) - value(a) || ((a.host?.name ?? "") < (b.host?.name ?? "") ? -1 : 1));
}
