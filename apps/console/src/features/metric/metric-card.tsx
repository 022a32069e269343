import type { Attribute } from "@msec/api/console/v1/metrics_pb.js";
import { MetricKind } from "@msec/api/console/v1/metrics_pb.js";
import { lazy, memo, Suspense, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useScheme } from "../../lib/preferences.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { chartRow, moveInChart } from "../../ui/chart-keys.ts";
import type { ChartCurve, ChartHappenings } from "../../ui/curve-chart.tsx";
import { metricLines } from "./chart-lines.ts";
import { metricFormat, perStepKey } from "./metric-format.ts";
import { hiddenCurve } from "./monitor-search.ts";
import { useNearScreen, useTurn } from "./near-screen.ts";
import type { MetricCurves } from "./queries.ts";

// uPlot comes with the first chart, not with the first page.
const CurveChart = lazy(async () => ({ default: (await import("../../ui/curve-chart.tsx")).CurveChart }));

const CHART_HEIGHT = 124;
// Two screens' worth of charts exist at a time.
const MARGIN_PX = 500;

/** One attribute and what can be done with it. */
export interface MetricCardProps {
  readonly attribute: Attribute;
  /** Whose curves they are, where each instance or host has a card of its own. */
  readonly owner?: string;
  /** Undefined while they are on their way. */
  readonly curves: MetricCurves | undefined;
  readonly before?: { readonly curves: MetricCurves; readonly label: string } | undefined;
  readonly marks: ChartHappenings;
  /** What of all charts is switched off, see `hiddenCurve`. */
  readonly hide: readonly string[] | undefined;
  readonly actions: CardActions;
}

/** The links under each chart of the original. */
export interface CardActions {
  /** 按IP查看: the same attribute alone, a curve for each instance. */
  readonly split: (name: string) => void;
  /** 数值查看: its minutes as a table. */
  readonly table: (name: string) => void;
  /** 周图: seven days of it. */
  readonly week: (name: string) => void;
  /** Switches a curve off or on. */
  readonly toggle: (name: string, curve: string) => void;
  /** Shows a part of the time alone, milliseconds since 1970 UTC. */
  readonly zoom: (fromMs: number, toMs: number) => void;
}

const actionWords = { split: "monitor.byInstance", table: "monitor.values", week: "monitor.week" } as const;

/** A chart of one attribute, drawn when it comes near the screen. */
export const MetricCard = memo(function MetricCard({
  attribute,
  owner = "",
  curves,
  before,
  marks,
  hide,
  actions,
}: MetricCardProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const card = useRef<HTMLElement>(null);
  const near = useNearScreen(card, MARGIN_PX);
  const drawn = useTurn(near && curves !== undefined);
  const { name, unit, kind } = attribute;
  const about = language === "zh" ? attribute.chinese : attribute.english;
  const perStep = kind === MetricKind.COUNTER && curves !== undefined ? t(perStepKey(curves.stepS)) : "";
  const hasChart = drawn && curves !== undefined && (curves.byName.get(name)?.length ?? 0) > 0;
  return (
    <figure
      className={drawn && curves !== undefined ? "metric-card" : "metric-card waiting"}
      ref={card}
      id={`attribute-${name}`}
      aria-label={owner === "" ? name : `${name} ${owner}`}
      aria-busy={curves === undefined}
      onKeyDown={moveInChart}
    >
      <figcaption>
        <strong className="mono clip" title={owner || name}>
          {owner || name}
        </strong>
        <span className="muted clip" title={about}>
          {[owner === "" ? "" : name, about, perStep].filter((text) => text !== "").join(" · ")}
        </span>
      </figcaption>
      <div className="metric-chart">
        {drawn && curves !== undefined && (
          <Suspense fallback={null}>
            <Chart
              name={name}
              unit={unit}
              curves={curves}
              before={before}
              marks={marks}
              hide={hide}
              onToggle={actions.toggle}
              onZoom={actions.zoom}
            />
          </Suspense>
        )}
      </div>
      <div className="metric-actions" {...chartRow}>
        {/* Behind a chart they are reached by its arrow keys; where there is none, they are what the Tab key stops at. */}
        {(["split", "table", "week"] as const).map((action) => (
          <button key={action} type="button" tabIndex={hasChart ? -1 : 0} onClick={() => actions[action](name)}>
            {t(actionWords[action])}
          </button>
        ))}
      </div>
    </figure>
  );
});

function Chart({
  name,
  unit,
  curves,
  before,
  marks,
  hide,
  onToggle,
  onZoom,
}: {
  name: string;
  unit: string;
  curves: MetricCurves;
  onToggle: CardActions["toggle"];
  onZoom: CardActions["zoom"];
} & Pick<MetricCardProps, "before" | "marks" | "hide">) {
  const { t } = useTranslation();
  const scheme = useScheme();
  const lines = useMemo(() => metricLines(name, curves, t("monitor.together"), before), [name, curves, before, t]);
  const format = useMemo(() => metricFormat(unit), [unit]);
  const shown: ChartCurve[] = useMemo(
    () => lines.map((line) => ({ ...line, hidden: hide?.includes(hiddenCurve(name, line.id)) ?? false })),
    [lines, hide, name],
  );
  if (lines.length === 0) return <p className="muted nothing">{t("monitor.nothing")}</p>;
  return (
    <CurveChart
      timesMs={curves.timesMs}
      curves={shown}
      formatValue={format}
      label={name}
      syncKey="monitor"
      scheme={scheme}
      height={CHART_HEIGHT}
      seconds={curves.stepS < 60}
      filled={lines.length === 1}
      plain={lines.length === 1}
      marks={marks}
      onToggle={(id) => onToggle(name, id)}
      onRange={onZoom}
    />
  );
}
