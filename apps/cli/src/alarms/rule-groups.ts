import type { Alarm } from "@msec/api/console/v1/alarms_pb.js";
import type { AlarmApi } from "./alarm-tools.ts";

const pageAlarms = 500;

/** What one rule found bad, of all its targets together. */
export interface RuleGroup {
  readonly ruleId: string;
  readonly rule: string;
  /** The gravest; `AlarmSeverity`. */
  readonly severity: number;
  readonly open: number;
  readonly unacknowledged: number;
  readonly silenced: number;
  /** Milliseconds since 1970 UTC: when the first of them began, and the newest bad minute. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Of which services, in the order of the alphabet. */
  readonly services: readonly string[];
}

/** Open alarms by rule, the gravest first, then those with most targets. */
export function groupByRule(alarms: readonly Alarm[]): RuleGroup[] {
  const groups = [...Map.groupBy(alarms, ({ ruleId }) => ruleId)].map(([ruleId, ofRule]): RuleGroup => {
    const services = new Set(ofRule.map(({ service }) => service).filter((service) => service !== ""));
    return {
      ruleId,
      rule: ofRule[0]?.rule?.name ?? "",
      severity: Math.max(...ofRule.map(({ severity }) => severity)),
      open: ofRule.length,
      unacknowledged: ofRule.filter(({ acknowledgedMs }) => acknowledgedMs === 0).length,
      silenced: ofRule.filter(({ silenced }) => silenced).length,
      firstMs: Math.min(...ofRule.map(({ firstMs }) => firstMs)),
      lastMs: Math.max(...ofRule.map(({ lastMs }) => lastMs)),
      services: [...services].sort(),
    };
  });
  return groups.sort((a, b) => b.severity - a.severity || b.open - a.open || (a.rule < b.rule ? -1 : 1));
}

/** All open alarms of a filter, however many pages they are: the server has 2,000 at most. */
export async function readAll(api: AlarmApi, filter: { service?: string; ruleId?: string }): Promise<Alarm[]> {
  const found = new Map<string, Alarm>();
  for (let last: Alarm | undefined; ; ) {
    const before = last === undefined ? {} : { beforeMs: last.openedMs, beforeId: last.id };
    const { alarms, more } = await api.listAlarms({ ...filter, ...before, limit: pageAlarms });
    for (const alarm of alarms) found.set(alarm.id, alarm);
    last = alarms.at(-1);
    if (!more || last === undefined) return [...found.values()];
  }
}
