import type { Assignment } from "@msec/api/agent/v1/control_pb.js";
import { isServiceName } from "@msec/api/service-name";

/**
 * Why an assignment cannot be run, for people; `undefined` when it can. Its parts become names of directories and files, so
 * what the server says is checked here, whoever wrote it.
 */
export function assignmentFault(assignment: Assignment): string | undefined {
  if (!isServiceName(assignment.service)) return "its service name is not L1.L2";
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(assignment.instanceId))
    return "its instance id is not 1…64 letters, digits, _ and -";
  if (!/^[A-Za-z0-9][A-Za-z0-9.:-]{0,254}$|^::1?$/.test(assignment.address)) return "its address is none";
  if (assignment.port > 65_535) return `its port is ${assignment.port}`;
  const { procnum = 0, memoryBytes = 0, cpus = 0, openFiles = 0 } = assignment.settings ?? {};
  const hasLimits =
    procnum <= 1024 && cpus <= 1024 && openFiles <= 1_048_576 && memoryBytes >= 0 && memoryBytes <= 1024 ** 5;
  return hasLimits ? undefined : "its limits are out of range";
}
