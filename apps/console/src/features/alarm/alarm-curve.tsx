import type { AlarmCurve, AlarmRule } from "@msec/api/console/v1/alarms_pb.js";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { LazyChart } from "../call/lazy-chart.tsx";
import { subjectText, valueText } from "./alarm-words.ts";
import "../call/charts.css";

/** Whose curve. */
export interface AlarmCurveChartProps {
  readonly curve: AlarmCurve;
  readonly rule: AlarmRule;
  readonly target: string;
  /** Pixels; default 220. */
  readonly height?: number;
}

/** The values of a target with the bounds of its rule, minute by minute. */
export function AlarmCurveChart({ curve, rule, target, height = 220 }: AlarmCurveChartProps) {
  const { t } = useTranslation();
  const lines = useMemo(() => {
    const values = (numbers: readonly number[]) => numbers.map((value) => (Number.isFinite(value) ? value : null));
    const line = (id: "value" | "baseline" | "upper" | "lower", numbers: readonly number[], colour: number) =>
      numbers.length === 0
        ? []
        : [{ id, label: t(`alarm.${id}`), values: values(numbers), colour, dashed: id !== "value" }];
    return [
      ...line("value", curve.values, 0),
      ...line("upper", curve.upper, 5),
      ...line("lower", curve.lower, 2),
      ...line("baseline", curve.baselines, 7),
    ];
  }, [curve, t]);
  return (
    <LazyChart
      title={target}
      unit={subjectText(t, rule)}
      label={t("alarm.curveLabel", { target })}
      timesMs={curve.timeMs}
      curves={lines}
      formatValue={(value) => valueText(rule, value)}
      syncKey={`alarm ${target}`}
      height={height}
    />
  );
}
