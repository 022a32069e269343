import { availableParallelism } from "node:os";
import { UserError } from "@msec/process";

/**
 * How many worker processes `procnum` means on this machine: `auto` is one for each core that this process may use.
 *
 * @throws UserError  what is not a whole number of 1…1024
 */
export function workerCount(procnum: number | "auto"): number {
  const count = procnum === "auto" ? availableParallelism() : procnum;
  if (Number.isInteger(count) && count >= 1 && count <= 1024) return count;
  throw new UserError(`${count} is no number of worker processes`, { hint: "a whole number of 1…1024, or auto" });
}
