/** What is known of one instance in routing. Times are milliseconds on one clock. */
export interface WatchedInstance {
  readonly id: string;
  readonly service: string;
  /** When its agent last said that it runs; `undefined` where it has not since this server started. */
  readonly heardMs: number | undefined;
  /** When it came into routing. */
  readonly routedMs: number;
  /** Whether it is left out of callers' tables. */
  readonly isWithheld: boolean;
  /** Whether anybody would say that it runs; nobody does of external ones, so they are never silent. */
  readonly reports: boolean;
}

/** How long silence is borne. */
export interface SilenceLimits {
  /** An instance of which nothing was heard for this long (three reports of its agent) is shown as silent. */
  readonly shownMs: number;
  /** After this long it leaves callers' tables. */
  readonly graceMs: number;
}

/** What is to be done about silent instances. */
export interface SilenceDecision {
  readonly withhold: readonly string[];
  readonly putBack: readonly string[];
}

/**
 * Since when an instance has been silent.
 *
 * @param presentMs  since when we have been there to hear anybody: silence during our own absence is ours
 * @returns 0 where it is not silent
 */
export function silentSinceMs(
  instance: Pick<WatchedInstance, "heardMs" | "routedMs" | "reports">,
  nowMs: number,
  presentMs: number,
  limits: SilenceLimits,
): number {
  if (!instance.reports) return 0;
  const sinceMs = Math.max(instance.heardMs ?? instance.routedMs, presentMs);
  return nowMs - sinceMs > limits.shownMs ? sinceMs : 0;
}

/**
 * Which instances leave callers' tables and which return.
 *
 * At most half of a service's instances in routing (rounded down) are left out, the longest silent first: where more are silent it is more
 * likely that agents or the network are gone than that the service is, and callers find out themselves who answers. One returns
 * when it is heard again, or when it is one too many (others were taken out of routing).
 *
 * @param instances  all that are in routing
 */
export function decideSilence(
  instances: readonly WatchedInstance[],
  nowMs: number,
  presentMs: number,
  limits: SilenceLimits,
): SilenceDecision {
  const withhold: string[] = [];
  const putBack: string[] = [];
  for (const members of Map.groupBy(instances, (instance) => instance.service).values()) {
    const allowed = Math.floor(members.length / 2);
    const silence = (instance: WatchedInstance) => silentSinceMs(instance, nowMs, presentMs, limits);
    // Heard since we are there: not merely "not yet silent for long".
    const isHeard = (instance: WatchedInstance) =>
      instance.heardMs !== undefined && instance.heardMs >= presentMs && silence(instance) === 0;
    const kept: WatchedInstance[] = [];
    for (const instance of members.filter(({ isWithheld }) => isWithheld)) {
      if (isHeard(instance)) putBack.push(instance.id);
      else kept.push(instance);
    }
    const bySilence = (a: WatchedInstance, b: WatchedInstance) =>
      (a.heardMs ?? a.routedMs) - (b.heardMs ?? b.routedMs) || (a.id < b.id ? -1 : 1);
    kept.sort(bySilence);
    putBack.push(...kept.splice(allowed).map(({ id }) => id));
    const overdue = members
      .filter((instance) => !instance.isWithheld && silence(instance) > 0 && nowMs - silence(instance) > limits.graceMs)
      .sort(bySilence);
    withhold.push(...overdue.slice(0, Math.max(0, allowed - kept.length)).map(({ id }) => id));
  }
  return { withhold, putBack };
}
