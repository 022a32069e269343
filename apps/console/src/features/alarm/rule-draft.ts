import { create } from "@bufbuild/protobuf";
import {
  AlarmBaseline,
  AlarmCondition,
  AlarmDirection,
  type AlarmRule,
  AlarmRuleSchema,
  AlarmScope,
  AlarmSeverity,
  AlarmSubject,
} from "@msec/api/console/v1/alarms_pb.js";

/** A new rule as the form begins: errors of a service above 5 %, in 2 of 3 minutes. */
export function newRule(service = ""): AlarmRule {
  return create(AlarmRuleSchema, {
    enabled: true,
    severity: AlarmSeverity.WARNING,
    subject: AlarmSubject.ERROR_RATIO,
    scope: AlarmScope.TOTAL,
    service,
    condition: AlarmCondition.ABOVE,
    threshold: 5,
    minCalls: 10,
    forMinutes: 2,
    ofMinutes: 3,
    resolveMinutes: 5,
    baseline: AlarmBaseline.YESTERDAY,
    baselineMinutes: 10,
    direction: AlarmDirection.BOTH,
    logLevel: "error",
  });
}

const callSubjects: readonly AlarmSubject[] = [AlarmSubject.CALLS, AlarmSubject.ERROR_RATIO, AlarmSubject.P99];

/** Whether a subject is about calls. */
export function isOfCalls(subject: AlarmSubject): boolean {
  return callSubjects.includes(subject);
}

/** Whether a condition compares with earlier values. */
export function isChange(condition: AlarmCondition): boolean {
  return condition === AlarmCondition.CHANGE || condition === AlarmCondition.CHANGE_PERCENT;
}

/** Scopes that a subject can have. */
export function scopesOf(subject: AlarmSubject): AlarmScope[] {
  const { TOTAL, INSTANCE, HOST } = AlarmScope;
  if (isOfCalls(subject)) return [TOTAL, INSTANCE];
  return subject === AlarmSubject.LIVENESS ? [INSTANCE, HOST] : [TOTAL, INSTANCE, HOST];
}

/** Conditions that a subject can have. */
export function conditionsOf(subject: AlarmSubject): AlarmCondition[] {
  const { ABOVE, BELOW, CHANGE, CHANGE_PERCENT, SILENT } = AlarmCondition;
  return subject === AlarmSubject.LIVENESS ? [SILENT] : [ABOVE, BELOW, CHANGE, CHANGE_PERCENT, SILENT];
}

/** Another subject, with a scope and a condition that it can have. */
export function withSubject(rule: AlarmRule, subject: AlarmSubject): AlarmRule {
  const scopes = scopesOf(subject);
  const conditions = conditionsOf(subject);
  return {
    ...rule,
    subject,
    scope: scopes.includes(rule.scope) ? rule.scope : scopes[0]!,
    condition: conditions.includes(rule.condition) ? rule.condition : conditions[0]!,
  };
}

/** Whether a rule names a service: metrics and liveness of hosts may do without. */
export function takesService({ subject, scope }: AlarmRule): boolean {
  return !(subject === AlarmSubject.LIVENESS && scope === AlarmScope.HOST);
}

/** The fields of the form that are needed and empty, by the ids of their inputs, from above. */
export function missingFields(rule: AlarmRule): string[] {
  const isMetric = rule.subject === AlarmSubject.METRIC;
  return [
    ...(rule.name.trim() === "" ? ["rule-name"] : []),
    ...(takesService(rule) && !isMetric && rule.service.trim() === "" ? ["rule-service"] : []),
    ...(isMetric && rule.metric.trim() === "" ? ["rule-metric"] : []),
  ];
}

/** The rule as it is sent: without a service where it takes none. */
export function ruleToSave(rule: AlarmRule): AlarmRule {
  return takesService(rule) ? rule : { ...rule, service: "" };
}
