import { Level, levelNamed, levelNames, metricNameProblem, metricValueProblem, SampleKind } from "@msec/telemetry";
import { z } from "zod";
import type { IntakeOutput, Taken } from "./intake-output.ts";
import { type NameLimit, tooManySeries } from "./name-limit.ts";
import { otlpLimits as limits } from "./otlp-limits.ts";
import { printable, serviceName } from "./reporter.ts";

const number = z.number().refine((value) => metricValueProblem(value) === undefined, "must be finite, at most 1e100");
const numbersOf = (value: z.ZodType<number>) =>
  z.record(z.string(), value).refine((record) => Object.keys(record).length <= 100, "at most 100 names");

const anyCapitals = (name: unknown) => (typeof name === "string" ? levelNamed(name) : undefined) ?? name;

const reportSchema = z.strictObject({
  service: z.string().min(1).max(limits.nameUnits),
  instance: z.string().max(100).default(""),
  /** What came since the last report, by name. */
  counters: numbersOf(number.refine((value) => value >= 0, "must not be negative")).default({}),
  /** How much there is now, by name. */
  gauges: numbersOf(number).default({}),
  text: z.string().max(limits.textUnits).default(""),
  level: z.preprocess(anyCapitals, z.enum(levelNames)).default("info"),
  fields: z
    .record(
      z.string().min(1).max(limits.fieldNameUnits),
      z.union([z.string().max(limits.fieldUnits), z.number(), z.boolean()]),
    )
    .refine((record) => Object.keys(record).length <= limits.fields, `at most ${limits.fields} fields`)
    .default({}),
});

/**
 * One line of JSON from a program without any SDK: counters, gauges and a log line of a service.
 *
 * @throws Error saying what is wrong with it; nothing of it is taken then
 */
export function takePlainReport(bytes: Uint8Array, series: NameLimit, output: IntakeOutput): Taken {
  const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  const parsed = reportSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join(".") || "the report"}: ${issue?.message}`);
  }
  const { service, instance, counters, gauges, text, level, fields } = parsed.data;
  const reporter = output.admit({ service: serviceName(service), instance: printable(instance) || "plain" });
  const { nowMs } = output;
  const builder = output.of(reporter);
  const second = Math.floor(nowMs / 1_000);
  const samples = [
    ...Object.entries(counters).map(([name, value]) => ({ kind: SampleKind.counter, name, value })),
    ...Object.entries(gauges).map(([name, value]) => ({ kind: SampleKind.gauge, name, value })),
  ];
  for (const { name } of samples) {
    const problem = metricNameProblem(name);
    if (problem !== undefined) throw new Error(problem);
  }
  for (const { kind, name, value } of samples) {
    if (series.takes(`${reporter.service} ${reporter.instance}`, name)) {
      builder.addSample(kind, `usr.${name}`, value, second);
    } else {
      output.reject(tooManySeries(reporter.service));
    }
  }
  if (text !== "") {
    const none = new Uint8Array();
    const entries = Object.entries(fields).map(([name, value]) => [printable(name) || "_", String(value)] as const);
    builder.addLine({ timeUs: nowMs * 1_000, level: Level[level], text, fields: entries, traceId: none, spanId: none });
  }
  return output.finish();
}
