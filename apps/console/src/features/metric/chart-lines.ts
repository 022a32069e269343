import type { ChartCurve } from "../../ui/curve-chart.tsx";
import type { MetricCurve, MetricCurves } from "./queries.ts";

/** Lines of one chart; the legend and the eye take no more. */
export const linesMax = 24;

const ALL_TOGETHER = "all";

/** Who a curve is of: empty for all together. */
export function curveOwner({ host, instance }: Pick<MetricCurve, "host" | "instance">): string {
  return instance === "" ? host : host === "" ? instance : `${instance} @ ${host}`;
}

/**
 * The lines of one attribute: its curves, those with the highest values first, and dashed the same days before.
 *
 * @param together  what the curve of all together is called
 * @param before    the same range before, and what that is called
 */
export function metricLines(
  name: string,
  now: MetricCurves,
  together: string,
  before?: { readonly curves: MetricCurves; readonly label: string },
): ChartCurve[] {
  const curves = (now.byName.get(name) ?? []).toSorted((a, b) => highest(b) - highest(a)).slice(0, linesMax);
  return curves.flatMap((curve, colour) => {
    const owner = curveOwner(curve);
    // The same in every language: it stands in addresses.
    const line = { id: owner || ALL_TOGETHER, label: owner || together, values: curve.values, colour };
    if (before === undefined) return [line];
    const same = before.curves.byName
      .get(name)
      ?.find((one) => one.host === curve.host && one.instance === curve.instance);
    if (same === undefined) return [line];
    const values = onTimesOf(now, before.curves, same);
    return [line, { id: `${line.id} before`, label: before.label, values, colour, dashed: true }];
  });
}

/** Values of one answer on the times of another, whose steps may be shorter: a counter's are then a part of the longer step's. */
export function onTimesOf(
  target: Pick<MetricCurves, "timesMs" | "stepS">,
  source: Pick<MetricCurves, "timesMs" | "stepS">,
  curve: Pick<MetricCurve, "values" | "isCounter">,
): (number | null)[] {
  const [firstMs = 0] = source.timesMs;
  const share = curve.isCounter ? target.stepS / source.stepS : 1;
  return target.timesMs.map((time) => {
    const value = curve.values[Math.floor((time - firstMs) / (source.stepS * 1_000))];
    return value === null || value === undefined ? null : value * share;
  });
}

function highest({ values }: MetricCurve): number {
  return values.reduce<number>(
    (most, value) => Math.max(most, value ?? Number.NEGATIVE_INFINITY),
    Number.NEGATIVE_INFINITY,
  );
}
