import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { type AlarmRule, AlarmRuleSchema, type AlarmSilence } from "@msec/api/console/v1/alarms_pb.js";
import type { Selectable } from "kysely";
import type { AlarmCourse } from "./engine/advance.ts";
import { matchesService, type Target } from "./engine/target.ts";
import type { AlarmTables } from "./schema.ts";

/** A row of `alarm`. */
export type AlarmRow = Selectable<AlarmTables["alarm"]>;
/** A row of `alarm_rule`. */
export type RuleRow = Selectable<AlarmTables["alarm_rule"]>;
/** A row of `alarm_silence`. */
export type SilenceRow = Selectable<AlarmTables["alarm_silence"]>;

const minuteMs = 60_000;

/** The rule of a row. Fields that a newer version wrote are left out. */
export function ruleFromRow(row: RuleRow): AlarmRule {
  const rule = ruleFromText(row.definition);
  return {
    ...rule,
    id: row.id,
    name: row.name,
    enabled: row.enabled === 1,
    updatedMs: row.updated_ms,
    updatedBy: row.updated_by,
  };
}

/** A rule from the text in which it is kept. */
export function ruleFromText(text: string): AlarmRule {
  return fromJsonString(AlarmRuleSchema, text, { ignoreUnknownFields: true });
}

/** The text in which a rule is kept. */
export function ruleText(rule: AlarmRule): string {
  return toJsonString(AlarmRuleSchema, create(AlarmRuleSchema, rule));
}

/** What an alarm is about. */
export function targetOf({ service, instance, host }: Target): Target {
  return { service, instance, host };
}

/** The course of an open alarm from its row. */
export function courseFromRow(row: AlarmRow): AlarmCourse {
  return {
    first: row.first_ms / minuteMs,
    last: row.last_ms / minuteMs,
    count: row.count,
    peak: row.peak ?? undefined,
    peakScore: row.peak_score,
    lastValue: row.last_value ?? undefined,
    lastBaseline: row.last_baseline ?? undefined,
    goodMinutes: row.good_minutes,
    idleMinutes: row.idle_minutes,
  };
}

/** The columns of a row that a course sets. */
export function courseColumns(course: AlarmCourse) {
  return {
    first_ms: course.first * minuteMs,
    last_ms: course.last * minuteMs,
    count: course.count,
    peak: course.peak ?? null,
    peak_score: course.peakScore,
    last_value: course.lastValue ?? null,
    last_baseline: course.lastBaseline ?? null,
    good_minutes: course.goodMinutes,
    idle_minutes: course.idleMinutes,
  };
}

/** Whether a silence keeps an alarm quiet. What it leaves empty matches everything. */
export function isSilenced(
  alarm: Pick<AlarmRow, "rule_id" | keyof Target>,
  silence: SilenceRow,
  nowMs: number,
): boolean {
  return (
    silence.from_ms <= nowMs &&
    nowMs < silence.until_ms &&
    (silence.rule_id === "" || silence.rule_id === alarm.rule_id) &&
    (silence.service === "" || matchesService(silence.service, alarm.service)) &&
    (silence.instance === "" || silence.instance === alarm.instance) &&
    (silence.host === "" || silence.host === alarm.host)
  );
}

/** A silence as the API has it. */
export function silenceView(row: SilenceRow): Omit<AlarmSilence, "$typeName"> {
  return {
    id: row.id,
    ruleId: row.rule_id,
    service: row.service,
    instance: row.instance,
    host: row.host,
    fromMs: row.from_ms,
    untilMs: row.until_ms,
    comment: row.comment,
    author: row.author,
  };
}
