import { availableParallelism } from "node:os";

/** How many worker processes `[SRPC] procnum` means on this machine: `auto` is one for each core that this process may use. */
export function workerCount(procnum: number | "auto"): number {
  return procnum === "auto" ? availableParallelism() : procnum;
}
