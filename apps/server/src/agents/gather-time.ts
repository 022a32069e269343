/**
 * How long each of so many agents gathers before it reports: 20 requests a second in all at most, so that the store's work follows what is
 * reported and not by how many. Half a second where there are few, ten at 200 and more.
 */
export function gatherMs(hosts: number): number {
  return Math.min(10_000, Math.max(500, hosts * 50));
}
