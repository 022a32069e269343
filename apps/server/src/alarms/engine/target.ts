/** What an alarm is about; parts that its rule does not tell apart are empty. */
export interface Target {
  /** `Flight.mod_flight`. */
  readonly service: string;
  /** `10.0.0.1:7963`. */
  readonly instance: string;
  /** Name of a host. */
  readonly host: string;
}

/** One text for a target, the same for equal ones. */
export function targetKey({ service, instance, host }: Target): string {
  return JSON.stringify([service, instance, host]);
}

/** A target for people: the most exact part, with its service. */
export function targetText({ service, instance, host }: Target): string {
  const place = instance || host;
  return service === "" ? place : place === "" ? service : `${service} @ ${place}`;
}

/**
 * Whether a service is one of those that a pattern means.
 *
 * @param pattern  a service's name, `Flight.*` for all of a first level, `*` for all
 */
export function matchesService(pattern: string, service: string): boolean {
  if (pattern === "*") return service !== "";
  return pattern.endsWith(".*") ? service.startsWith(pattern.slice(0, -1)) : pattern === service;
}
