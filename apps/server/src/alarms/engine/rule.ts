import {
  AlarmAggregate,
  AlarmBaseline,
  AlarmCondition,
  AlarmDirection,
  type AlarmRule,
  AlarmScope,
  AlarmSeverity,
  AlarmSubject,
} from "@msec/api/console/v1/alarms_pb.js";
import { Code, RpcError } from "@msec/rpc";
import { Level } from "@msec/telemetry";
import { TelemetryStoreError } from "@msec/telemetry-store";
import { assertAlarmExpression } from "@msec/telemetry-store/alarm-series";

/** Bounds of rules and of what hangs on them; docs/reference/limits.md repeats them for people. */
export const alarmLimits = {
  rules: 1_000,
  /** Of one service, by its exact name. */
  rulesOfService: 50,
  /** Rules on log lines: each costs a condition in the query of every minute. */
  logRules: 50,
  /** Those of them with a regular expression (`=~`), which are counted and judged by themselves. */
  patternRules: 20,
  nameCharacters: 100,
  noteCharacters: 2_000,
  logTextCharacters: 200,
  logWhereCharacters: 1_000,
  channelsOfRule: 10,
  minutes: 60,
  resolveMinutes: 1_440,
  escalateMinutes: 1_440,
  minCalls: 1_000_000,
  /** Alarms open at a time, of one rule and in all; the rest is counted. */
  openOfRule: 100,
  open: 2_000,
} as const;

/** Names of log levels, least first, with their numbers in the store. */
export const logLevels: ReadonlyMap<string, number> = new Map(Object.entries(Level));

const servicePattern = /^(\*|[A-Za-z]\w{0,31}\.(\*|[A-Za-z]\w{0,31}))$/;
// As `metricNameProblem` of @msec/telemetry: whatever can be printed, `sys.CPU_Used(%)` and Chinese too.
const metricPattern = /^(usr|sys|frm)\.(?! )[^\p{C}\p{Zl}\p{Zp}]{1,123}(?<! )$/u;
const callSubjects: readonly AlarmSubject[] = [AlarmSubject.CALLS, AlarmSubject.ERROR_RATIO, AlarmSubject.P99];

/** Whether a rule looks at calls. */
export function isOfCalls({ subject }: AlarmRule): boolean {
  return callSubjects.includes(subject);
}

/** Whether a rule compares with earlier values. */
export function isChange({ condition }: AlarmRule): boolean {
  return condition === AlarmCondition.CHANGE || condition === AlarmCondition.CHANGE_PERCENT;
}

/**
 * Check a rule that somebody wrote, and give it back with what does not apply to it at its default, so that equal rules are
 * equal.
 *
 * @throws RpcError InvalidArgument naming the field, what was expected and what was found
 */
export function checkRule(rule: AlarmRule): AlarmRule {
  const checked = { ...rule, name: rule.name.trim(), note: rule.note.trim() };
  checkText("name", checked.name, 1, alarmLimits.nameCharacters);
  checkText("note", checked.note, 0, alarmLimits.noteCharacters);
  checkChoice("severity", rule.severity, AlarmSeverity);
  checkChoice("subject", rule.subject, AlarmSubject);
  checkChoice("scope", rule.scope, AlarmScope);
  checkChoice("condition", rule.condition, AlarmCondition);
  checkSubject(checked);
  checkService(checked);
  checkCondition(checked);
  checkMinutes(checked);
  checkChannels(checked);
  return checked;
}

function checkSubject(rule: AlarmRule): void {
  const { subject, scope } = rule;
  if (!isOfCalls(rule)) {
    rule.method = "";
    rule.countedByCallers = false;
  } else if (scope === AlarmScope.HOST) {
    refuse("scope", "host", "total or instance, for calls");
  }
  checkText("method", rule.method, 0, 256);
  if (subject === AlarmSubject.ERROR_RATIO || subject === AlarmSubject.P99) {
    checkNumber("min_calls", rule.minCalls, 0, alarmLimits.minCalls);
  } else {
    rule.minCalls = 0;
  }
  if (subject === AlarmSubject.METRIC) {
    if (!metricPattern.test(rule.metric)) {
      refuse(
        "metric",
        JSON.stringify(rule.metric.slice(0, 80)),
        "a name such as usr.orders, sys.cpu, frm.calls, at most 128 characters",
      );
    }
    checkChoice("aggregate", rule.aggregate, AlarmAggregate, true);
  } else {
    rule.metric = "";
    rule.aggregate = AlarmAggregate.UNSPECIFIED;
  }
  if (subject === AlarmSubject.LOG) {
    if (rule.logLevel !== "" && !logLevels.has(rule.logLevel)) {
      refuse(
        "log_level",
        JSON.stringify(rule.logLevel.slice(0, 20)),
        `empty or one of ${[...logLevels.keys()].join(", ")}`,
      );
    }
    checkText("log_text", rule.logText, 0, alarmLimits.logTextCharacters);
    checkText("log_where", rule.logWhere, 0, alarmLimits.logWhereCharacters);
    checkExpression(rule.logWhere);
    if (rule.logLevel === "" && rule.logText === "" && rule.logWhere === "")
      refuse("log_text", "empty, as log_level and log_where are", "one of them");
  } else {
    rule.logLevel = "";
    rule.logText = "";
    rule.logWhere = "";
  }
  if (subject === AlarmSubject.LIVENESS && scope === AlarmScope.TOTAL) {
    refuse("scope", "total", "instance or host, for liveness");
  }
  if (subject === AlarmSubject.LIVENESS && rule.condition !== AlarmCondition.SILENT) {
    refuse("condition", String(rule.condition), `${AlarmCondition.SILENT} (silent), for liveness`);
  }
}

function checkService(rule: AlarmRule): void {
  const ofHosts = rule.scope === AlarmScope.HOST && !isOfCalls(rule) && rule.subject !== AlarmSubject.LOG;
  if (ofHosts && rule.service === "") return;
  if (ofHosts && rule.subject === AlarmSubject.LIVENESS)
    refuse("service", JSON.stringify(rule.service.slice(0, 80)), "empty, for the liveness of hosts");
  if (!servicePattern.test(rule.service)) {
    refuse("service", JSON.stringify(rule.service.slice(0, 80)), "a name such as Flight.mod_flight, Flight.* or *");
  }
}

function checkCondition(rule: AlarmRule): void {
  if (rule.condition === AlarmCondition.SILENT) {
    rule.threshold = 0;
    rule.minCalls = 0;
  } else if (!Number.isFinite(rule.threshold) || Math.abs(rule.threshold) > 1e15) {
    refuse("threshold", String(rule.threshold), "a number from -1e15 to 1e15");
  }
  if (!isChange(rule)) {
    rule.baseline = AlarmBaseline.UNSPECIFIED;
    rule.baselineMinutes = 0;
    rule.direction = AlarmDirection.UNSPECIFIED;
    return;
  }
  if (rule.threshold <= 0) refuse("threshold", String(rule.threshold), "more than 0, for a change");
  checkChoice("baseline", rule.baseline, AlarmBaseline);
  checkChoice("direction", rule.direction, AlarmDirection);
  if (rule.baseline === AlarmBaseline.PREVIOUS) {
    checkNumber("baseline_minutes", rule.baselineMinutes, 1, alarmLimits.minutes);
  } else {
    rule.baselineMinutes = 0;
  }
}

function checkMinutes(rule: AlarmRule): void {
  checkNumber("of_minutes", rule.ofMinutes, 1, alarmLimits.minutes);
  checkNumber("for_minutes", rule.forMinutes, 1, rule.ofMinutes, `1…${rule.ofMinutes} (of_minutes)`);
  checkNumber("resolve_minutes", rule.resolveMinutes, 1, alarmLimits.resolveMinutes);
}

function checkChannels(rule: AlarmRule): void {
  rule.channelIds = [...new Set(rule.channelIds)];
  rule.escalateChannelIds = [...new Set(rule.escalateChannelIds)];
  checkNumber(
    "channel_ids",
    rule.channelIds.length,
    0,
    alarmLimits.channelsOfRule,
    `at most ${alarmLimits.channelsOfRule} channels`,
  );
  checkNumber(
    "escalate_channel_ids",
    rule.escalateChannelIds.length,
    0,
    alarmLimits.channelsOfRule,
    `at most ${alarmLimits.channelsOfRule} channels`,
  );
  checkNumber("escalate_minutes", rule.escalateMinutes, 0, alarmLimits.escalateMinutes);
  if (rule.escalateMinutes > 0 && rule.escalateChannelIds.length === 0) {
    refuse("escalate_channel_ids", "empty", "whom to tell, as escalate_minutes is set");
  }
  if (rule.escalateMinutes === 0) rule.escalateChannelIds = [];
}

function checkExpression(where: string): void {
  try {
    assertAlarmExpression(where);
  } catch (error) {
    // It names the place and what was found there.
    if (error instanceof TelemetryStoreError) throw new RpcError(Code.InvalidArgument, `log_where: ${error.message}`);
    throw error;
  }
}

function checkText(field: string, text: string, min: number, max: number): void {
  const { length } = [...text];
  if (length < min || length > max)
    refuse(field, `${length} characters`, min === 0 ? `at most ${max}` : `${min}…${max}`);
}

function checkNumber(field: string, value: number, min: number, max: number, expected = `${min}…${max}`): void {
  if (!Number.isInteger(value) || value < min || value > max) refuse(field, String(value), expected);
}

function checkChoice(field: string, value: number, choices: object, orDefault = false): void {
  const known = Object.entries(choices).filter(([, number]) => typeof number === "number" && (number > 0 || orDefault));
  if (known.some(([, number]) => number === value)) return;
  refuse(field, String(value), known.map(([name, number]) => `${number} (${name.toLowerCase()})`).join(", "));
}

function refuse(field: string, found: string, expected: string): never {
  throw new RpcError(Code.InvalidArgument, `${field} is ${found}: expected ${expected}`);
}
