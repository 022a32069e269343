import type { Attribute } from "@msec/api/console/v1/metrics_pb.js";
import { MetricKind } from "@msec/api/console/v1/metrics_pb.js";
import type { CommandContext } from "../context.ts";
import { harmlessText, timeText } from "../log/log-text.ts";
import { formatBytes, formatDuration } from "../output/quantity.ts";
import { tableLines } from "../output/table.ts";
import { sparkline, summaryOf } from "./curve-summary.ts";
import type { Curve, Curves } from "./read-curves.ts";

type Words = Pick<CommandContext, "messages" | "style">;

const sparkWidth = 40;

/** Columns of minutes beside each other; more would fit on no terminal. */
export const minuteColumnsMax = 8;

/** A value of an attribute with its unit: `61.3 MiB`, `12.5 %`, `3.42 ms`, `1204`; `–` where there is none. */
export function valueText(value: number, unit: string): string {
  if (Number.isNaN(value)) return "–";
  if (unit === "bytes") return formatBytes(value);
  if (unit === "ms") return formatDuration(value * 1_000);
  const digits = Math.abs(value) >= 1_000 || Number.isInteger(value) ? 0 : Math.abs(value) < 1 ? 3 : 2;
  return unit === "percent" ? `${value.toFixed(digits)} %` : value.toFixed(digits);
}

/** The attributes that there are, one a line. */
export function attributeLines(attributes: readonly Attribute[], { messages, style }: Words): string[] {
  return tableLines(
    [
      { heading: messages.metricsHeadingAttribute },
      { heading: messages.headingKind },
      { heading: messages.metricsHeadingReporters, align: "right" },
      { heading: messages.metricsHeadingAbout },
    ],
    attributes.map((attribute) => [
      harmlessText(attribute.name),
      attribute.kind === MetricKind.COUNTER ? messages.metricsCounter : messages.metricsGauge,
      String(attribute.reporters),
      style.faint(aboutText(attribute, { messages, style })),
    ]),
  );
}

/** Curves with what they come to, one a line; those of days before stand below, on the same scale. */
export function summaryLines({ curves, stepS }: Curves, before: string, { messages, style }: Words): string[] {
  const split = curves.some(({ host, instance }) => host !== "" || instance !== "");
  const right = "right" as const;
  return tableLines(
    [
      { heading: messages.metricsHeadingAttribute },
      ...(split ? [{ heading: messages.headingInstance }] : []),
      { heading: messages.metricsHeadingCurve(stepText(stepS)) },
      ...[messages.metricsHeadingSum, messages.metricsHeadingMax].map((heading) => ({ heading, align: right })),
      ...[messages.metricsHeadingMin, messages.metricsHeadingMean].map((heading) => ({ heading, align: right })),
      { heading: messages.metricsHeadingSteps, align: right },
    ],
    curves.flatMap((curve) => {
      const top = Math.max(0, ...[...curve.values, ...(curve.before ?? [])].filter((value) => !Number.isNaN(value)));
      const name = harmlessText(curve.attribute.name);
      const owner = split ? [ownerText(curve)] : [];
      const shared = curve.before === undefined ? undefined : top;
      const now = [name, ...owner, ...cells(curve, curve.values, shared)];
      if (curve.before === undefined) return [now];
      const earlier = [`  ${before}`, ...owner.map(() => ""), ...cells(curve, curve.before, shared)];
      return [now, earlier.map(style.faint)];
    }),
  );
}

function cells({ attribute }: Curve, values: readonly number[], top: number | undefined): string[] {
  const { sum, max, min, mean, steps } = summaryOf(values);
  // What is there at a time does not add up over times.
  const total = attribute.kind === MetricKind.COUNTER ? sum : Number.NaN;
  const texts = [total, max, min, mean].map((value) => valueText(value, attribute.unit));
  return [sparkline(values, sparkWidth, top), ...texts, `${steps}/${values.length}`];
}

/** The steps of curves, one a line, newest last; a curve that is compared has a column before it and the change. */
export function minuteLines({ curves, fromMs, stepS }: Curves, before: string, words: Words, nowMs: number): string[] {
  const { messages, style } = words;
  const shown = curves.slice(0, minuteColumnsMax);
  const right = "right" as const;
  const headings = shown.flatMap((curve) => [
    { heading: curveName(curve), align: right },
    ...(curve.before === undefined
      ? []
      : [before, messages.metricsHeadingChange].map((heading) => ({ heading, align: right }))),
  ]);
  const rows = Array.from({ length: shown[0]?.values.length ?? 0 }, (_, step) => [
    stepTime(fromMs + step * stepS * 1_000, stepS, nowMs),
    ...shown.flatMap(({ attribute, values, before: earlier }) => {
      const value = values[step] ?? Number.NaN;
      if (earlier === undefined) return [valueText(value, attribute.unit)];
      const same = earlier[step] ?? Number.NaN;
      return [valueText(value, attribute.unit), style.faint(valueText(same, attribute.unit)), changeText(value, same)];
    }),
  ]);
  return tableLines([{ heading: messages.headingTime }, ...headings], rows);
}

/** A name as it stands above one column: who it is of where curves are split. */
function curveName(curve: Curve): string {
  const owner = ownerText(curve);
  return owner === "" ? harmlessText(curve.attribute.name) : `${harmlessText(curve.attribute.name)} @ ${owner}`;
}

function ownerText({ instance, host }: Curve): string {
  return harmlessText(instance === "" ? host : host === "" ? instance : `${instance} @ ${host}`);
}

function changeText(value: number, before: number): string {
  if (Number.isNaN(value) || Number.isNaN(before) || before === 0) return "–";
  const percent = ((value - before) / Math.abs(before)) * 100;
  return `${percent > 0 ? "+" : ""}${percent.toFixed(Math.abs(percent) < 10 ? 1 : 0)} %`;
}

/** `10s`, `1m`, `10m`, `1h`, `1d`. */
export function stepText(stepS: number): string {
  if (stepS < 60) return `${stepS}s`;
  if (stepS < 3_600) return `${stepS / 60}m`;
  return stepS < 86_400 ? `${stepS / 3_600}h` : `${stepS / 86_400}d`;
}

// Minutes need no seconds, days no clock.
function stepTime(ms: number, stepS: number, nowMs: number): string {
  const text = timeText(ms * 1_000, nowMs);
  return stepS >= 60 ? text.slice(0, -7) : text.slice(0, -4);
}

/** What an attribute is, in the reader's language; empty for what developers report. */
function aboutText({ english, chinese }: Attribute, { messages }: Words): string {
  return messages.languageCode === "zh" ? chinese : english;
}
