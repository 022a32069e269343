import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AlarmCurveSchema, AlarmRule, AlarmSchema } from "@msec/api/console/v1/alarms_pb.js";
import { boundsAt, judge, type Series } from "./engine/judge.ts";
import { type AlarmRow, isSilenced, ruleFromText, type SilenceRow } from "./rows.ts";

/** An alarm as the API has it. */
export type AlarmView = MessageInitShape<typeof AlarmSchema>;

/** What belongs to an alarm beside its row. */
export interface Beside {
  readonly silences: readonly SilenceRow[];
  /** Open alarms by the id of their cause. */
  readonly foldedBy: ReadonlyMap<string, number>;
  readonly commentsOf: ReadonlyMap<string, number>;
  readonly nowMs: number;
}

/** An alarm as the API has it. */
export function alarmView(row: AlarmRow, { silences, foldedBy, commentsOf, nowMs }: Beside): AlarmView {
  return {
    id: row.id,
    ruleId: row.rule_id,
    rule: ruleFromText(row.definition),
    service: row.service,
    instance: row.instance,
    host: row.host,
    severity: row.severity,
    open: row.is_open === 1,
    firstMs: row.first_ms,
    lastMs: row.last_ms,
    count: row.count,
    ...(row.peak === null ? {} : { peak: row.peak }),
    ...(row.last_value === null ? {} : { lastValue: row.last_value }),
    ...(row.last_baseline === null ? {} : { lastBaseline: row.last_baseline }),
    openedMs: row.opened_ms,
    resolvedMs: row.resolved_ms,
    resolution: row.resolution,
    acknowledgedMs: row.acknowledged_ms,
    acknowledgedBy: row.acknowledged_by,
    causeId: row.cause_id,
    folded: foldedBy.get(row.id) ?? 0,
    silenced: row.is_open === 1 && silences.some((silence) => isSilenced(row, silence, nowMs)),
    notifiedMs: row.notified_ms,
    escalatedMs: row.escalated_ms,
    comments: commentsOf.get(row.id) ?? 0,
  };
}

/** The curve of a target with the bounds of its rule, minute by minute. */
export function curveView(
  rule: AlarmRule,
  series: Series,
  from: number,
  to: number,
): MessageInitShape<typeof AlarmCurveSchema> {
  const minutes = Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
  const verdicts = minutes.map((minute) => judge(rule, series, minute));
  const bounds = verdicts.map(({ baseline }) => boundsAt(rule, baseline));
  const column = (values: readonly (number | undefined)[]) =>
    values.some((value) => value !== undefined) ? values.map((value) => value ?? Number.NaN) : [];
  return {
    timeMs: minutes.map((minute) => minute * 60_000),
    values: verdicts.map(({ value }) => value ?? Number.NaN),
    baselines: column(verdicts.map(({ baseline }) => baseline)),
    upper: column(bounds.map(({ upper }) => upper)),
    lower: column(bounds.map(({ lower }) => lower)),
    bad: verdicts.map(({ bad }) => bad === true),
  };
}
