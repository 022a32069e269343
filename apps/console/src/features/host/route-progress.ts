import type { Host } from "@msec/api/console/v1/registry_pb.js";

/**
 * How many hosts have applied a route version, or a newer one.
 *
 * @param version the version that is asked about
 */
export function countApplied(
  hosts: readonly Pick<Host, "appliedRouteVersion">[],
  version: bigint,
): { readonly applied: number; readonly total: number } {
  return { applied: hosts.filter((host) => host.appliedRouteVersion >= version).length, total: hosts.length };
}
