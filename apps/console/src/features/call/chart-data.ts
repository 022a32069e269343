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

/** Both percentiles of each curve: the 99th as a line, the median as dots. */
export function latencyLines(curves: readonly Curve[], hidden: ReadonlySet<string> = new Set()): Line[] {
  return curves.flatMap((curve, colour) => {
    const common = { colour, hidden: hidden.has(curve.id) };
    return [
      { ...common, id: curve.id, label: `${curveLabel(curve)} p99`, values: valuesOf(curve, "p99Ms") },
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
  const method = curve.method.slice(curve.method.lastIndexOf(".") + 1) || curve.service;
  return curve.instance === "" ? method : `${method} @ ${curve.instance}`;
}
