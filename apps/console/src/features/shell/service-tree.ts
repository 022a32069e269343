import { type Service, ServiceKind } from "@msec/api/console/v1/registry_pb.js";

/** One first-level name with its services. */
export interface TreeBranch {
  readonly name: string;
  readonly services: readonly Service[];
}

/** The service tree: standard and external services, two levels each. */
export interface ServiceTree {
  readonly standard: readonly TreeBranch[];
  readonly external: readonly TreeBranch[];
}

/** The two levels of a service name: `["Flight", "mod_flight"]`. */
export function splitServiceName(name: string): readonly [string, string] {
  const dot = name.indexOf(".");
  return dot === -1 ? [name, ""] : [name.slice(0, dot), name.slice(dot + 1)];
}

/**
 * Builds the tree, branches and services by name.
 *
 * @param filter keeps the services whose full name has all of its words, whatever their case; empty keeps all
 */
export function buildServiceTree(services: readonly Service[], filter = ""): ServiceTree {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = services.filter((service) => words.every((word) => service.name.toLowerCase().includes(word)));
  return {
    standard: branches(wanted.filter((service) => service.kind !== ServiceKind.EXTERNAL)),
    external: branches(wanted.filter((service) => service.kind === ServiceKind.EXTERNAL)),
  };
}

function branches(services: readonly Service[]): TreeBranch[] {
  const byName = Map.groupBy(services, (service) => splitServiceName(service.name)[0]);
  return [...byName]
    .map(([name, members]) => ({ name, services: members.toSorted((a, b) => compare(a.name, b.name)) }))
    .sort((a, b) => compare(a.name, b.name));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
