import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { type Instance, type Service, ServiceKind } from "@msec/api/console/v1/registry_pb.js";

/** How a service stands, in one word; each has its mark in `ui/status-mark.tsx` and its text under `health.<word>`. */
export const Health = {
  /** All instances that should take calls run. */
  Ok: "ok",
  /** Some of the instances in routing do not run. */
  Degraded: "degraded",
  /** None of the instances in routing runs. */
  Down: "down",
  /** Has instances, but none is in routing. */
  Out: "out",
  /** Nobody reports on its processes (external services). */
  Unknown: "unknown",
  /** Has no instances. */
  Empty: "empty",
} as const;
/** How a service stands, in one word. */
export type Health = (typeof Health)[keyof typeof Health];

/** The numbers of a service's instances. */
export interface InstanceCounts {
  readonly total: number;
  readonly inRouting: number;
  readonly running: number;
  /** Instances on whose process somebody reports. */
  readonly reported: number;
}

/** Counts the instances of a service. */
export function countInstances(instances: readonly Instance[]): InstanceCounts {
  return {
    total: instances.length,
    inRouting: instances.filter((instance) => instance.inRouting).length,
    running: instances.filter(isRunning).length,
    reported: instances.filter((instance) => instance.process !== undefined).length,
  };
}

/** Whether its agent says that the instance's process runs. */
export function isRunning(instance: Instance): boolean {
  return instance.process?.state === ProcessState.RUNNING;
}

/** Whether others can call the service: a program that listens on nothing is in nobody's routes. */
export function takesCalls(service: Service): boolean {
  return service.defaultPort !== 0 || service.instances.some((instance) => instance.port !== 0);
}

/** How a service stands. */
export function serviceHealth(service: Service): Health {
  const { instances } = service;
  if (instances.length === 0) return Health.Empty;
  const expected = takesCalls(service) ? instances.filter((instance) => instance.inRouting) : instances;
  if (expected.length === 0) return Health.Out;
  const reported = expected.filter((instance) => instance.process !== undefined);
  if (service.kind === ServiceKind.EXTERNAL || reported.length === 0) return Health.Unknown;
  const running = expected.filter(isRunning).length;
  if (running === 0) return Health.Down;
  return running === expected.length ? Health.Ok : Health.Degraded;
}
