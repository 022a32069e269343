import {
  type Alarm,
  AlarmBaseline,
  AlarmCondition,
  AlarmDirection,
  type AlarmRule,
  AlarmScope,
  AlarmSeverity,
  AlarmSubject,
} from "@msec/api/console/v1/alarms_pb.js";
import type { TFunction } from "i18next";
import { Mark } from "../../ui/status-mark.tsx";

/** The mark of each severity. */
export const severityMarks: Readonly<Record<AlarmSeverity, Mark>> = {
  [AlarmSeverity.UNSPECIFIED]: Mark.Unknown,
  [AlarmSeverity.NOTICE]: Mark.Progress,
  [AlarmSeverity.WARNING]: Mark.Warn,
  [AlarmSeverity.CRITICAL]: Mark.Fail,
};

/** What an alarm is about: the service, and the instance or host where it is about one. */
export function targetText({ service, instance, host }: Pick<Alarm, "service" | "instance" | "host">): string {
  const place = instance || host;
  return service === "" ? place : place === "" ? service : `${service} @ ${place}`;
}

/** The unit of a rule's values, with the space before it. */
export function unitOf({ subject }: Pick<AlarmRule, "subject">): string {
  if (subject === AlarmSubject.ERROR_RATIO) return " %";
  return subject === AlarmSubject.P99 ? " ms" : "";
}

/** A value of a rule with its unit; a dash where there is none. */
export function valueText(rule: Pick<AlarmRule, "subject">, value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "–" : `${numberText(value)}${unitOf(rule)}`;
}

/** Three digits, more where the whole number has them: 1.01, 31.5, 1,204. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return "∞";
  return value.toLocaleString("en", {
    maximumFractionDigits: Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3,
  });
}

const signs: Readonly<Record<AlarmCondition, string>> = {
  [AlarmCondition.UNSPECIFIED]: "",
  [AlarmCondition.ABOVE]: ">",
  [AlarmCondition.BELOW]: "<",
  [AlarmCondition.CHANGE]: ">",
  [AlarmCondition.CHANGE_PERCENT]: ">",
  [AlarmCondition.SILENT]: "",
};
const arrows: Readonly<Record<AlarmDirection, string>> = {
  [AlarmDirection.UNSPECIFIED]: "",
  [AlarmDirection.BOTH]: "±",
  [AlarmDirection.RISE]: "↑",
  [AlarmDirection.FALL]: "↓",
};

/** What a rule looks at: `error ratio`, `usr.orders`, `log lines: error and up · “disk” · uid = 7`. */
export function subjectText(t: TFunction, rule: AlarmRule): string {
  if (rule.subject === AlarmSubject.METRIC) return rule.metric;
  const name = rule.subject === AlarmSubject.UNSPECIFIED ? "" : t(`alarm.subject.n${rule.subject}`);
  if (rule.subject !== AlarmSubject.LOG) return rule.method === "" ? name : `${name} ${rule.method}`;
  const of = [
    rule.logLevel === "" ? "" : t("logs.fromLevel", { level: rule.logLevel }),
    rule.logText === "" ? "" : `“${rule.logText}”`,
    rule.logWhere,
  ].filter((part) => part !== "");
  return t("alarm.text.logLines", { of: of.join(" · ") });
}

/** When a rule's value is bad: `error ratio > 5 %`, with what it is compared with. */
export function conditionText(t: TFunction, rule: AlarmRule): string {
  if (rule.subject === AlarmSubject.LIVENESS) {
    return t(rule.scope === AlarmScope.HOST ? "alarm.text.hostDown" : "alarm.text.down");
  }
  const subject = subjectText(t, rule);
  if (rule.condition === AlarmCondition.SILENT) return `${subject} ${t("alarm.text.silent")}`;
  const isChange = rule.condition === AlarmCondition.CHANGE || rule.condition === AlarmCondition.CHANGE_PERCENT;
  const unit = rule.condition === AlarmCondition.CHANGE_PERCENT ? " %" : unitOf(rule);
  const bound = `${signs[rule.condition]} ${numberText(rule.threshold)}${unit}`;
  if (!isChange) return `${subject} ${bound}`;
  const baseline =
    rule.baseline === AlarmBaseline.YESTERDAY
      ? t("alarm.text.yesterday")
      : t("alarm.text.previous", { count: rule.baselineMinutes });
  return `${subject} ${arrows[rule.direction]} ${bound} ${baseline}`;
}
