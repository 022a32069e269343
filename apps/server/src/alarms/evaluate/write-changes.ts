import { AlarmResolution, type AlarmRule } from "@msec/api/console/v1/alarms_pb.js";
import type { Transaction } from "kysely";
import type { ServerSchema } from "../../schema.ts";
import { targetKey } from "../engine/target.ts";
import { type AlarmRow, courseColumns, ruleFromText, ruleText, targetOf } from "../rows.ts";
import type { Changes } from "./judge-rules.ts";

/** Write what judging found. @returns ids of the alarms that ended */
export async function writeChanges(
  transaction: Transaction<ServerSchema>,
  changes: Changes,
  nowMs: number,
): Promise<string[]> {
  for (const { id, rule, target, course, why } of changes.opened) {
    const isOpen = why === AlarmResolution.UNSPECIFIED;
    await transaction
      .insertInto("alarm")
      .values({
        id,
        rule_id: rule.id,
        definition: ruleText(rule),
        target: targetKey(target),
        ...targetOf(target),
        severity: rule.severity,
        is_open: isOpen ? 1 : 0,
        ...courseColumns(course),
        opened_ms: nowMs,
        resolved_ms: isOpen ? 0 : nowMs,
        resolution: why,
        acknowledged_ms: 0,
        acknowledged_by: "",
        cause_id: "",
        notified_ms: 0,
        escalated_ms: 0,
      })
      .execute();
  }
  for (const [id, { rule, course }] of changes.wentOn) {
    await transaction
      .updateTable("alarm")
      .set({ ...courseColumns(course), severity: rule.severity, definition: ruleText(rule) })
      .where("id", "=", id)
      .execute();
  }
  for (const [id, { course, why }] of changes.ended) {
    await transaction
      .updateTable("alarm")
      .set({ ...courseColumns(course), is_open: 0, resolved_ms: nowMs, resolution: why, cause_id: "" })
      .where("id", "=", id)
      .execute();
  }
  for (const [ruleId, more] of changes.overflow) {
    await transaction.deleteFrom("alarm_overflow").where("rule_id", "=", ruleId).execute();
    if (more > 0) await transaction.insertInto("alarm_overflow").values({ rule_id: ruleId, more }).execute();
  }
  return [...changes.ended.keys()];
}

/** Open alarms whose rule was removed, disabled, or looks at something else now. */
export function alarmsWithoutRule(open: readonly AlarmRow[], rules: readonly AlarmRule[]): AlarmRow[] {
  const enabled = new Map(rules.map((rule) => [rule.id, rule]));
  return open.filter((row) => {
    const rule = enabled.get(row.rule_id);
    return rule === undefined || subjectText(rule) !== subjectText(ruleFromText(row.definition));
  });
}

function subjectText(rule: AlarmRule): string {
  const {
    subject,
    scope,
    service,
    method,
    countedByCallers,
    metric,
    aggregate,
    logLevel,
    logText,
    logWhere,
    condition,
  } = rule;
  return JSON.stringify([
    subject,
    scope,
    service,
    method,
    countedByCallers,
    metric,
    aggregate,
    logLevel,
    logText,
    logWhere,
    condition,
  ]);
}
