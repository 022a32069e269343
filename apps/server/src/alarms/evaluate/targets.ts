import { AlarmCondition, type AlarmRule, AlarmScope, AlarmSubject } from "@msec/api/console/v1/alarms_pb.js";
import type { Series } from "../engine/judge.ts";
import { isOfCalls } from "../engine/rule.ts";
import { matchesService, type Target, targetKey } from "../engine/target.ts";
import type { Cluster, ClusterInstance } from "./cluster.ts";
import { emptyOf } from "./read-series.ts";

/**
 * Complete the series of a rule by targets that said nothing: those that the rule names, that are registered, or that have an
 * open alarm. And leave out those whose silence is wanted: instances that are not registered any more, or out of routing.
 *
 * @param seen  what the store has
 * @param open  targets of the rule's open alarms
 */
export function completeTargets(
  rule: AlarmRule,
  seen: readonly Series[],
  open: readonly Target[],
  cluster: Cluster,
): Series[] {
  const all = new Map<string, Series>(seen.map((series) => [targetKey(series.target), series]));
  const add = (target: Target) => {
    const key = targetKey(target);
    if (!all.has(key)) all.set(key, { target, values: new Map(), empty: emptyOf(rule) });
  };
  for (const target of open) add(target);
  if (rule.subject !== AlarmSubject.LIVENESS) {
    for (const target of expectedTargets(rule, seen, cluster)) add(target);
  }
  return [...all.values()].filter(({ target }) => !isWantedSilence(rule, target, cluster));
}

function expectedTargets(rule: AlarmRule, seen: readonly Series[], cluster: Cluster): Target[] {
  // Only these are bad without data.
  if (rule.condition !== AlarmCondition.SILENT && rule.condition !== AlarmCondition.BELOW) return [];
  const isExact = rule.service !== "" && !rule.service.endsWith("*");
  switch (rule.scope) {
    case AlarmScope.TOTAL:
      return isExact ? [{ service: rule.service, instance: "", host: "" }] : [];
    case AlarmScope.HOST:
      return rule.service === "" ? cluster.hosts.map(({ name }) => ({ service: "", instance: "", host: name })) : [];
    default: {
      // `*` means services that do this at all: one whose other instances do.
      const active = new Set(seen.map(({ target }) => target.service));
      return cluster.instances
        .filter(({ service }) =>
          isExact ? service === rule.service : matchesService(rule.service, service) && active.has(service),
        )
        .filter((instance) => isExpectedToSpeak(rule, instance))
        .map(({ service, instance }) => ({ service, instance, host: "" }));
    }
  }
}

function isExpectedToSpeak(rule: AlarmRule, instance: ClusterInstance): boolean {
  return instance.meantToRun && instance.listens && (instance.inRouting || !isOfCalls(rule));
}

const byPlace = new WeakMap<Cluster, ReadonlyMap<string, ClusterInstance>>();

/** Instances by service and place: each of many targets of many rules asks. */
function instancesByPlace(cluster: Cluster): ReadonlyMap<string, ClusterInstance> {
  let found = byPlace.get(cluster);
  if (found === undefined) {
    found = new Map(cluster.instances.map((one) => [`${one.service} ${one.instance}`, one]));
    byPlace.set(cluster, found);
  }
  return found;
}

function isWantedSilence(rule: AlarmRule, target: Target, cluster: Cluster): boolean {
  if (rule.condition !== AlarmCondition.SILENT && rule.condition !== AlarmCondition.BELOW) return false;
  if (target.host !== "") return cluster.hosts.length > 0 && !cluster.hosts.some(({ name }) => name === target.host);
  if (target.instance === "") return false;
  // A process that listens on nothing is named by its pid: the next one has another.
  if (target.instance.startsWith("pid:")) return true;
  if (!cluster.services.has(target.service)) return false;
  const registered = instancesByPlace(cluster).get(`${target.service} ${target.instance}`);
  if (registered === undefined) return true;
  return rule.subject === AlarmSubject.LIVENESS
    ? !registered.meantToRun || (registered.listens && !registered.inRouting)
    : !isExpectedToSpeak(rule, registered);
}
