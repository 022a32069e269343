import { AlarmCondition, type AlarmSeverity, AlarmSubject } from "@msec/api/console/v1/alarms_pb.js";
import type { Target } from "./target.ts";

/** What folding looks at in an open alarm. */
export interface FoldableAlarm {
  readonly id: string;
  readonly target: Target;
  readonly severity: AlarmSeverity;
  readonly subject: AlarmSubject;
  readonly condition: AlarmCondition;
  /** The first bad minute, milliseconds. */
  readonly firstMs: number;
}

/** What is known of the cluster beside the alarms. */
export interface Surroundings {
  /** Registered instances of a service. */
  readonly instancesOf: (service: string) => readonly string[];
  /** The host's name of an instance; absent: nobody knows. */
  readonly hostOf: (instance: string) => string | undefined;
  /** Whether a service called another one lately. */
  readonly calls: (caller: string, callee: string) => boolean;
}

/**
 * Find for each open alarm the one that explains it: its silent host, its silent instance, the silence of at least half of its
 * service's instances, or trouble of a service that it calls. A less severe alarm explains nothing, and no two explain each
 * other.
 *
 * @returns alarm id → id of its cause; what has none is absent
 */
export function foldAlarms(alarms: readonly FoldableAlarm[], around: Surroundings): Map<string, string> {
  // Oldest first: of two that could explain each other the older one is the cause.
  const byAge = alarms.toSorted((a, b) => a.firstMs - b.firstMs || (a.id < b.id ? -1 : 1));
  const silentHosts = byAge.filter(isSilentHost);
  const silentInstances = byAge.filter(isSilentInstance);
  const troubled = byAge.filter((alarm) => alarm.target.service !== "" && isTrouble(alarm));
  const causes = new Map<string, string>();
  for (const alarm of byAge) {
    const candidates = [
      ...hostCauses(alarm, silentHosts, around),
      ...instanceCauses(alarm, silentInstances, around),
      ...calleeCauses(alarm, troubled, around),
    ];
    const cause = candidates.find(
      (one) => one.id !== alarm.id && one.severity >= alarm.severity && !leadsTo(causes, one.id, alarm.id),
    );
    if (cause !== undefined) causes.set(alarm.id, cause.id);
  }
  return causes;
}

function isSilentHost({ target, condition }: FoldableAlarm): boolean {
  return condition === AlarmCondition.SILENT && target.host !== "" && target.instance === "";
}

function isSilentInstance({ target, condition }: FoldableAlarm): boolean {
  return condition === AlarmCondition.SILENT && target.instance !== "";
}

const troubles: readonly AlarmSubject[] = [AlarmSubject.ERROR_RATIO, AlarmSubject.P99, AlarmSubject.LIVENESS];

/** What callers of a service suffer from: its errors, its slowness, its silence. */
function isTrouble({ subject, condition }: FoldableAlarm): boolean {
  return troubles.includes(subject) || condition === AlarmCondition.SILENT;
}

function hostCauses(alarm: FoldableAlarm, silent: readonly FoldableAlarm[], around: Surroundings): FoldableAlarm[] {
  const { instance, host } = alarm.target;
  const name = host || (instance === "" ? "" : (around.hostOf(instance) ?? ""));
  if (name === "") return [];
  // A host's own silence is explained only by an older silence of the same host: liveness before a metric.
  return silent.filter((one) => one.target.host === name);
}

function instanceCauses(alarm: FoldableAlarm, silent: readonly FoldableAlarm[], around: Surroundings): FoldableAlarm[] {
  const { service, instance } = alarm.target;
  if (service === "") return [];
  const ofService = silent.filter((one) => one.target.service === service);
  if (instance !== "") return ofService.filter((one) => one.target.instance === instance);
  const all = around.instancesOf(service);
  const down = new Set(ofService.map((one) => one.target.instance).filter((one) => all.includes(one)));
  return all.length > 0 && down.size * 2 >= all.length ? ofService : [];
}

function calleeCauses(alarm: FoldableAlarm, troubled: readonly FoldableAlarm[], around: Surroundings): FoldableAlarm[] {
  const { service } = alarm.target;
  // What a caller suffers from its callee is errors and slowness; that it is silent itself has another reason.
  if (service === "" || alarm.condition === AlarmCondition.SILENT) return [];
  if (
    alarm.subject !== AlarmSubject.ERROR_RATIO &&
    alarm.subject !== AlarmSubject.P99 &&
    alarm.subject !== AlarmSubject.LOG
  )
    return [];
  return troubled.filter((one) => one.target.service !== service && around.calls(service, one.target.service));
}

function leadsTo(causes: ReadonlyMap<string, string>, from: string, to: string): boolean {
  for (let at: string | undefined = from; at !== undefined; at = causes.get(at)) {
    if (at === to) return true;
  }
  return false;
}
