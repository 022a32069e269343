import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  AlarmCondition,
  type AlarmRule,
  AlarmRuleSchema,
  AlarmScope,
  AlarmSeverity,
  AlarmSubject,
} from "@msec/api/console/v1/alarms_pb.js";

/** What of a rule differs. */
export type RuleChanges = MessageInitShape<typeof AlarmRuleSchema>;

/** A rule: errors of `Flight.mod_flight` above 5 % in one minute, over after two good ones, unless it is changed. */
export function ruleOf(changes: RuleChanges = {}): AlarmRule {
  return create(AlarmRuleSchema, {
    name: "errors",
    enabled: true,
    severity: AlarmSeverity.WARNING,
    subject: AlarmSubject.ERROR_RATIO,
    scope: AlarmScope.TOTAL,
    service: "Flight.mod_flight",
    condition: AlarmCondition.ABOVE,
    threshold: 5,
    forMinutes: 1,
    ofMinutes: 1,
    resolveMinutes: 2,
    ...changes,
  });
}
