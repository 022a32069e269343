/** What instances were started from, each release with how many run it, the most frequent first. @param releases  of each instance that runs; empty where nobody knows */
export function runningReleases(releases: readonly string[]): [release: string, instances: number][] {
  const known = Map.groupBy(
    releases.filter((release) => release !== ""),
    (release) => release,
  );
  return [...known].map(([release, all]) => [release, all.length] as [string, number]).sort((a, b) => b[1] - a[1]);
}
