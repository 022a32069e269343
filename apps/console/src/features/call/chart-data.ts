import type { Curve, Metric } from "./series.ts";

/** One line of a chart, ready for `ui/curve-chart.tsx`. */
export interface Line {
  readonly id: string;
  readonly label: string;
  readonly values: readonly (number | null)[];
  readonly colour: number;
  readonly dashed?: boolean;
  readonly hidden?: boolean;
}

/**
 * The lines of one chart; a curve has the same colour in every chart of a page.
 *
 * @param hidden ids of curves that are switched off
 */
export function chartLines(curves: readonly Curve[], metric: Metric, hidden: ReadonlySet<string> = new Set()): Line[] {
  return curves.map((curve, colour) => ({
    id: curve.id,
    label: curveLabel(curve),
    values: valuesOf(curve, metric),
    colour,
    hidden: hidden.has(curve.id),
  }));
}

/** Percentiles of latency that can be shown beside the median. */
export type Quantile = "p90" | "p99" | "p999";

/** A percentile as people write it. */
export function quantileName(quantile: Quantile): string {
  return quantile === "p999" ? "p99.9" : quantile;
}

/** Two percentiles of each curve: a high one as a line, the median as dots. */
export function latencyLines(
  curves: readonly Curve[],
  hidden: ReadonlySet<string> = new Set(),
  quantile: Quantile = "p99",
): Line[] {
  return curves.flatMap((curve, colour) => {
    const common = { colour, hidden: hidden.has(curve.id) };
    return [
      {
        ...common,
        id: curve.id,
        label: `${curveLabel(curve)} ${quantileName(quantile)}`,
        values: valuesOf(curve, `${quantile}Ms`),
      },
      { ...common, id: `${curve.id} p50`, label: "p50", values: valuesOf(curve, "p50Ms"), dashed: true },
    ];
  });
}

// There is no latency where there were no calls: the line breaks instead of falling to zero.
function valuesOf(curve: Curve, metric: Metric): readonly (number | null)[] {
  const column = curve[metric];
  if (metric === "calls" || metric === "failures") return column;
  return column.map((value, index) => (curve.calls[index] === 0 ? null : value));
}

/** The short name of a curve: `queryFlight`, with its instance where curves are split. */
export function curveLabel(curve: Curve): string {
  const method = curve.method.slice(curve.method.lastIndexOf(".") + 1);
  const owner = curve.caller || (curve.id.startsWith(`${curve.service} `) ? curve.service : "");
  const what = [owner, method].filter((part) => part !== "").join(" ") || curve.service;
  return curve.instance === "" ? what : `${what} @ ${curve.instance}`;
}

/**
 * Lines with those of the same range some days before behind them, dashed in the same colour.
 *
 * @param label  what they are called
 */
export function withBefore(lines: readonly Line[], before: readonly Line[], label: string): Line[] {
  const byId = new Map(before.map((line) => [line.id, line]));
  return lines.flatMap((line) => {
    const same = line.dashed ? undefined : byId.get(line.id);
    return same === undefined
      ? [line]
      : [
          line,
          { ...line, id: `${line.id} before`, label, values: same.values.slice(0, line.values.length), dashed: true },
        ];
  });
}
