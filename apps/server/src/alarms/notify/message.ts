import { AlarmCondition, AlarmEvent, type AlarmRule, AlarmSubject } from "@msec/api/console/v1/alarms_pb.js";
import { isChange } from "../engine/rule.ts";
import { targetText } from "../engine/target.ts";
import { type AlarmRow, ruleFromText } from "../rows.ts";
import { conditionSigns, directionSigns, type MessageLanguage, words } from "./words.ts";

/** What is sent to people, in the form that all channels understand: plain text. */
export interface Message {
  /** Identifies it; the same in each attempt. */
  readonly id: string;
  readonly event: AlarmEvent;
  /** One line. */
  readonly title: string;
  readonly lines: readonly string[];
  /** For programs: a webhook gets it beside the text. */
  readonly alarms: readonly AlarmFacts[];
}

/** An alarm for programs. */
export interface AlarmFacts {
  readonly id: string;
  readonly event: "opened" | "escalated" | "resolved" | "test";
  readonly rule: string;
  readonly severity: "notice" | "warning" | "critical";
  readonly service: string;
  readonly instance: string;
  readonly host: string;
  readonly value: number | null;
  readonly threshold: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
  readonly title: string;
}

/** One alarm, and what of it is told. */
export interface Told {
  readonly row: AlarmRow;
  readonly event: AlarmEvent;
}

const linesOfDigest = 20;
const eventNames = ["test", "opened", "escalated", "resolved"] as const;
const severityNames = ["notice", "notice", "warning", "critical"] as const;

/**
 * The message of one alarm, of several targets of one rule, or of several alarms as a digest.
 *
 * @param consoleUrl  where the console is, for a link; empty: no link
 */
export function messageOf(id: string, told: readonly Told[], language: MessageLanguage, consoleUrl: string): Message {
  const alarms = told.map((one) => factsOf(one, language));
  const [first] = told;
  if (told.length === 1 && first !== undefined) {
    return {
      id,
      event: first.event,
      title: titleOf(first, language),
      lines: detailLines(first, language, consoleUrl),
      alarms,
    };
  }
  const isOfRule = told.every(({ row, event }) => row.rule_id === first?.row.rule_id && event === first.event);
  if (first !== undefined && isOfRule) {
    const title = titleOfRule(first, told.length, language);
    return { id, event: first.event, title, lines: linesOfRule(told, language, consoleUrl), alarms };
  }
  const { digest, digestWhy, andMore } = words[language];
  const more = told.length - linesOfDigest;
  const lines = told.slice(0, linesOfDigest).map((one) => `· ${titleOf(one, language)}`);
  return {
    id,
    event: first?.event ?? AlarmEvent.OPENED,
    title: `[msec] ${digest(told.length)}`,
    lines: [digestWhy, ...lines, ...(more > 0 ? [andMore(more)] : [])],
    alarms,
  };
}

/** The message of a test. */
export function testMessage(id: string, channel: string, language: MessageLanguage): Message {
  const { test, testText } = words[language];
  return { id, event: AlarmEvent.UNSPECIFIED, title: `[msec] ${test}`, lines: [testText(channel)], alarms: [] };
}

/** The whole message as text. */
export function messageText({ title, lines }: Message): string {
  return [title, ...lines].join("\n");
}

/** What a rule looks at and when it is bad: `error ratio > 5 %`. */
export function conditionText(rule: AlarmRule, language: MessageLanguage): string {
  const word = words[language];
  if (rule.subject === AlarmSubject.LIVENESS) return word.down[rule.scope];
  const subject = subjectText(rule, language);
  if (rule.condition === AlarmCondition.SILENT) return `${subject} ${word.silent}`;
  const direction = isChange(rule) ? `${directionSigns[rule.direction]} ` : "";
  const unit = rule.condition === AlarmCondition.CHANGE_PERCENT ? " %" : unitOf(rule);
  return `${subject} ${direction}${conditionSigns[rule.condition]} ${formatNumber(rule.threshold)}${unit}`;
}

function subjectText(rule: AlarmRule, language: MessageLanguage): string {
  const word = words[language].subject[rule.subject];
  switch (rule.subject) {
    case AlarmSubject.METRIC:
      return rule.metric;
    case AlarmSubject.LOG:
      return [word, rule.logLevel, rule.logText === "" ? "" : JSON.stringify(rule.logText), rule.logWhere]
        .filter((part) => part !== "")
        .join(" ");
    default:
      return rule.method === "" ? word : `${rule.method} ${word}`;
  }
}

function unitOf({ subject }: AlarmRule): string {
  if (subject === AlarmSubject.ERROR_RATIO) return " %";
  return subject === AlarmSubject.P99 ? " ms" : "";
}

function valueText(rule: AlarmRule, value: number | null): string {
  return value === null ? "" : `${formatNumber(value)}${unitOf(rule)}`;
}

function titleOf({ row, event }: Told, language: MessageLanguage): string {
  const rule = ruleFromText(row.definition);
  const word = words[language];
  const value = row.last_value === null ? "" : ` (${valueText(rule, row.last_value)})`;
  return `[${word.severity[rule.severity]}] ${word.event[event]}${word.colon}${targetText(row)} ${conditionText(rule, language)}${value}`;
}

function titleOfRule({ row, event }: Told, targets: number, language: MessageLanguage): string {
  const rule = ruleFromText(row.definition);
  const word = words[language];
  return `[${word.severity[rule.severity]}] ${word.event[event]}${word.colon}${word.targets(targets)}, ${conditionText(rule, language)}`;
}

function linesOfRule(told: readonly Told[], language: MessageLanguage, consoleUrl: string): string[] {
  const word = words[language];
  const rule = ruleFromText(told[0]!.row.definition);
  const line = (name: string, text: string) => `${name}${word.colon}${text}`;
  const more = told.length - linesOfDigest;
  return [
    line(word.rule, `${rule.name} (${word.forMinutes(rule.forMinutes, rule.ofMinutes)})`),
    line(word.since, formatMinute(Math.min(...told.map(({ row }) => row.first_ms)))),
    ...told.slice(0, linesOfDigest).map(({ row }) => {
      const value = row.last_value === null ? "" : ` (${valueText(rule, row.last_value)})`;
      return `· ${targetText(row)}${value}`;
    }),
    ...(more > 0 ? [word.andMore(more)] : []),
    ...(rule.note === "" ? [] : [line(word.note, rule.note)]),
    ...(consoleUrl === "" ? [] : [line(word.details, `${consoleUrl}/alarms?rule=${told[0]!.row.rule_id}`)]),
  ];
}

function detailLines({ row, event }: Told, language: MessageLanguage, consoleUrl: string): string[] {
  const rule = ruleFromText(row.definition);
  const word = words[language];
  const line = (name: string, text: string) => `${name}${word.colon}${text}`;
  return [
    line(word.rule, `${rule.name} (${word.forMinutes(rule.forMinutes, rule.ofMinutes)})`),
    line(word.target, targetText(row)),
    line(word.since, formatMinute(row.first_ms)),
    ...(event === AlarmEvent.OPENED ? [] : [line(word.last, formatMinute(row.last_ms))]),
    line(word.minutes, String(row.count)),
    ...(row.peak === null ? [] : [line(word.peak, valueText(rule, row.peak))]),
    ...(row.last_baseline === null ? [] : [line(word.was, valueText(rule, row.last_baseline))]),
    ...(rule.note === "" ? [] : [line(word.note, rule.note)]),
    ...(consoleUrl === "" ? [] : [line(word.details, `${consoleUrl}/alarms/${row.id}`)]),
  ];
}

function factsOf(told: Told, language: MessageLanguage): AlarmFacts {
  const { row, event } = told;
  const rule = ruleFromText(row.definition);
  return {
    id: row.id,
    event: eventNames[event] ?? "test",
    rule: rule.name,
    severity: severityNames[rule.severity] ?? "notice",
    service: row.service,
    instance: row.instance,
    host: row.host,
    value: row.last_value,
    threshold: rule.threshold,
    firstMs: row.first_ms,
    lastMs: row.last_ms,
    count: row.count,
    title: titleOf(told, language),
  };
}

/** Three digits after the point at most; large ones without. */
function formatNumber(value: number): string {
  return Number(value.toFixed(Math.abs(value) >= 1_000 ? 0 : 3)).toString();
}

/** Minutes in UTC, as readers may be anywhere. */
function formatMinute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
