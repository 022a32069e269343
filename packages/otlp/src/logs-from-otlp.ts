import { Level, levelName, levelNamed } from "@msec/telemetry";
import type { LogRecord, ResourceLogs } from "../gen/opentelemetry/proto/logs/v1/logs_pb.js";
import { cut, valueText } from "./attributes.ts";
import { isZero } from "./ids.ts";
import type { IntakeOutput } from "./intake-output.ts";
import { otlpLimits as limits } from "./otlp-limits.ts";
import { printable, type Reporter, reporterOf } from "./reporter.ts";

const none = new Uint8Array();
// Names of fields whose values nobody should read later; the list of `@msec/process` is for our own processes' fields.
const secretName = /password|passwd|secret|authorization|cookie|api[-_.]?key|(^|[-_.])token$/i;

/** Puts log lines down; see docs/decisions/0011-open-telemetry.md, "Logs". */
export function takeLogs(all: readonly ResourceLogs[], output: IntakeOutput, nowMs: number): void {
  for (const { resource, scopeLogs } of all) {
    const reporter = output.admit(reporterOf(resource));
    for (const { logRecords } of scopeLogs) {
      for (const record of logRecords) if (output.admits()) takeLine(record, reporter, output, nowMs);
    }
  }
}

function takeLine(record: LogRecord, reporter: Reporter, output: IntakeOutput, nowMs: number): void {
  const given = record.timeUnixNano || record.observedTimeUnixNano;
  const timeUs = given === 0n ? nowMs * 1_000 : output.timeUs(given);
  if (typeof timeUs === "string") {
    output.reject(timeUs);
    return;
  }
  const { severityNumber, severityText, traceId, spanId } = record;
  const inRequest = traceId.length === 16 && !isZero(traceId);
  output.of(reporter).addLine({
    timeUs,
    level: levelOf(severityNumber, severityText),
    text: valueText(record.body, limits.textUnits),
    fields: record.attributes.slice(0, limits.fields).map(({ key, value }) => {
      const name = printable(cut(key, limits.fieldNameUnits)) || "(unnamed)";
      return [name, secretName.test(name) ? "***" : valueText(value, limits.fieldUnits)] as const;
    }),
    traceId: inRequest ? traceId : none,
    spanId: inRequest && spanId.length === 8 ? spanId : none,
  });
}

// What loggers call their levels that leave the number out; the rest are our own names.
const otherNames: ReadonlyMap<string, Level> = new Map([
  ["verbose", Level.trace],
  ["information", Level.info],
  ["notice", Level.info],
  ["warning", Level.warn],
  ["err", Level.error],
  ["severe", Level.error],
  ["critical", Level.fatal],
  ["panic", Level.fatal],
]);

function levelOf(number: number, text: string): Level {
  if (number >= 1) return Level[levelName(number)];
  const name = levelNamed(text);
  return name === undefined ? (otherNames.get(text.toLowerCase()) ?? Level.info) : Level[name];
}
