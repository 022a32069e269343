import type { Alarm } from "@msec/api/console/v1/alarms_pb.js";

/** What the order of a list depends on. */
export type OrderedAlarm = Pick<Alarm, "id" | "causeId" | "severity">;

/**
 * Open alarms as a list shows them: the worst first, and below each one those that it explains. What explains an alarm may not be in the list (a filter leaves it out):
 * the alarm then stands for itself.
 *
 * @param alarms      in the order that counts among equally bad ones
 * @param withFolded  false: those that another one explains are left out
 */
export function openAlarmOrder<A extends OrderedAlarm>(alarms: readonly A[], withFolded: boolean): A[] {
  const sorted = alarms.toSorted((a, b) => b.severity - a.severity);
  if (!withFolded) return sorted.filter(({ causeId }) => causeId === "");
  const ids = new Set(sorted.map(({ id }) => id));
  const below = Map.groupBy(sorted, ({ causeId }) => (ids.has(causeId) ? causeId : ""));
  const shown = new Set<A>();
  const show = (alarm: A) => {
    if (shown.has(alarm)) return;
    shown.add(alarm);
    for (const folded of below.get(alarm.id) ?? []) show(folded);
  };
  for (const alarm of below.get("") ?? []) show(alarm);
  return [...shown];
}
