/** Sections whose part a server that only monitors does not have. */
const absent: readonly string[] = ["/", "/services", "/capacity", "/dyeing"];

/**
 * Where an address leads on a server that only monitors: its first page is the monitor, and of a service there are the curves.
 *
 * @param path  `/services/Flight.mod_flight/policy`
 * @returns `undefined` where the page is there
 */
export function monitoringPath(path: string): string | undefined {
  if (absent.includes(path)) return "/monitor";
  const service = /^\/services\/([^/]+)(\/policy)?$/.exec(path);
  return service === null ? undefined : `/services/${service[1]}/curves`;
}
