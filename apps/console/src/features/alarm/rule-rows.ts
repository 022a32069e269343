import type { Alarm } from "@msec/api/console/v1/alarms_pb.js";

/** Alarms of one rule, severity and cause: a line of the list. */
export interface RuleRow {
  /** Unlike any other of the list. */
  readonly key: string;
  /** One at least, in the order of the list. */
  readonly alarms: readonly [Alarm, ...Alarm[]];
}

/** So many targets of a rule are one line: two are read as quickly by themselves. */
const LEAST = 3;

/** The lines of a list of alarms: many of one rule as one, where the first of them stands; all others as they are. */
export function rowsByRule(alarms: readonly Alarm[]): RuleRow[] {
  const groups = Map.groupBy(alarms, (alarm) => keyOf(alarm));
  return alarms.flatMap((alarm): RuleRow[] => {
    const key = keyOf(alarm);
    const [first, ...others] = groups.get(key) ?? [];
    if (first === undefined || others.length + 1 < LEAST) return [{ key: alarm.id, alarms: [alarm] }];
    return first === alarm ? [{ key, alarms: [first, ...others] }] : [];
  });
}

function keyOf({ ruleId, severity, causeId }: Alarm): string {
  return `${ruleId} ${severity} ${causeId}`;
}
