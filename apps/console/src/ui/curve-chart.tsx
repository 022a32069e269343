import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { ChartMarks } from "./chart-marks.tsx";
import type { ChartMark } from "./mark-groups.ts";
import { palettes, type Scheme } from "./tokens.ts";
import "./curve-chart.css";

/** One line of a chart. */
export interface ChartCurve {
  readonly id: string;
  readonly label: string;
  /** A value for each time; null breaks the line. */
  readonly values: readonly (number | null)[];
  /** Position in the palette's curves. */
  readonly colour: number;
  readonly dashed?: boolean;
  readonly hidden?: boolean;
}

/** What happened in the time of a chart. */
export interface ChartHappenings {
  readonly marks: readonly ChartMark[];
  /** What all of them are, for screen readers. */
  readonly label: string;
  readonly onFollow: (href: string) => void;
}

/** A chart of lines over time. */
export interface CurveChartProps {
  /** Milliseconds since 1970 UTC, ascending. */
  readonly timesMs: readonly number[];
  readonly curves: readonly ChartCurve[];
  readonly formatValue: (value: number) => string;
  /** What it shows, for screen readers. */
  readonly label: string;
  /** Charts with the same key show their cursors at the same time. */
  readonly syncKey: string;
  readonly scheme: Scheme;
  /** Pixels, default 170. */
  readonly height?: number;
  /** Show seconds on the time axis. */
  readonly seconds?: boolean;
  /** Fill under the lines; for a chart that has one message. */
  readonly filled?: boolean;
  /** Values are whole numbers. */
  readonly whole?: boolean;
  readonly onToggle?: (id: string) => void;
  /** What happened meanwhile, and how its pages are reached. */
  readonly marks?: ChartHappenings;
  /** A click on a point: its time, and the curve that is nearest to the pointer. */
  readonly onPick?: (timeMs: number, id: string | undefined) => void;
  /** The legend has nothing to switch off: one line under the chart. */
  readonly plain?: boolean;
}

const AXIS_WIDTH = 54;
const TIMES_HEIGHT = 26;
// Room for the flags of marks.
const PLOT_TOP = 10;
// From here on the legend is a grid.
const MANY = 6;
// Calls come whole: a scale from 0 to 1 has no halves.
const WHOLE_STEPS = [1, 2, 5].flatMap((digit) => [0, 1, 2, 3, 4, 5, 6, 7, 8].map((power) => digit * 10 ** power));

// From here on a time of day alone does not say which day.
const DAYS_MS = 25 * 3_600_000;

function clock(ms: number, seconds: boolean, spanMs = 0): string {
  const date = new Date(ms);
  if (spanMs > DAYS_MS) {
    const day = `${date.getMonth() + 1}-${String(date.getDate()).padStart(2, "0")}`;
    return spanMs > 20 * DAYS_MS ? day : `${day} ${clock(ms, false)}`;
  }
  const parts = [date.getHours(), date.getMinutes(), ...(seconds ? [date.getSeconds()] : [])];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

function spanOf({ timesMs }: CurveChartProps): number {
  return (timesMs.at(-1) ?? 0) - (timesMs[0] ?? 0);
}

/** Room for half of the last time on the axis. */
function rightOf({ seconds }: CurveChartProps): number {
  return seconds ? 30 : 22;
}

function colourOf(scheme: Scheme, index: number): string {
  const { curves } = palettes[scheme];
  return curves[index % curves.length]!;
}

function optionsFor(props: CurveChartProps, width: number, onCursor: (index: number | null) => void): uPlot.Options {
  const palette = palettes[props.scheme];
  const { formatValue, seconds = false } = props;
  const axis = {
    stroke: palette.ink3,
    font: '11px "Inter Variable", system-ui, sans-serif',
    grid: { stroke: palette.line, width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: props.height ?? 170,
    ms: 1,
    padding: [PLOT_TOP, rightOf(props), 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 6, width: 1.5, fill: palette.surface },
      sync: { key: props.syncKey, setSeries: false },
    },
    scales: {
      x: { time: true },
      // From zero, so that heights can be compared; a little room above, and a scale even for nothing at all.
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.12 : 1] },
    },
    axes: [
      {
        ...axis,
        size: TIMES_HEIGHT,
        space: seconds ? 74 : spanOf(props) > DAYS_MS ? 96 : 56,
        gap: 4,
        values: (plot, splits) =>
          splits.map((at) => clock(at, seconds, (plot.scales.x?.max ?? 0) - (plot.scales.x?.min ?? 0))),
      },
      {
        ...axis,
        size: AXIS_WIDTH,
        space: 34,
        ...(props.whole ? { incrs: WHOLE_STEPS.toSorted((a, b) => a - b) } : {}),
        gap: 6,
        values: (_, splits) => splits.map((value) => (value === 0 ? "0" : formatValue(value))),
      },
    ],
    series: [
      {},
      ...props.curves.map((curve) => ({
        label: curve.label,
        show: curve.hidden !== true,
        stroke: colourOf(props.scheme, curve.colour),
        width: 1.5,
        // A value with nothing on either side would not be seen as a line.
        points: { show: false, size: 5, filter: lonePoints },
        ...(curve.dashed ? { dash: [3, 3] } : {}),
        ...(props.filled ? { fill: `${colourOf(props.scheme, curve.colour)}14` } : {}),
      })),
    ],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
  };
}

/** Which points have no neighbour to be joined to. */
function lonePoints(plot: uPlot, series: number): number[] | null {
  const values = plot.data[series] ?? [];
  const lone: number[] = [];
  for (let at = 0; at < values.length; at++) {
    if (values[at] != null && values[at - 1] == null && values[at + 1] == null) lone.push(at);
  }
  return lone.length === 0 ? null : lone;
}

function dataFor(props: CurveChartProps): uPlot.AlignedData {
  return [props.timesMs as number[], ...props.curves.map((curve) => curve.values as (number | null)[])];
}

/** A chart of lines over time with a legend that has the values under the cursor, else the newest. */
export function CurveChart(props: CurveChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [cursor, setCursor] = useState<number | null>(null);
  // Of the plot alone, without the axis; 0 until it is there.
  const [width, setWidth] = useState(0);
  // Everything that uPlot takes only at its construction.
  const shape = JSON.stringify([
    props.scheme,
    props.height,
    props.seconds,
    props.syncKey,
    props.filled,
    props.curves.map(({ id, colour, dashed, hidden }) => [id, colour, dashed, hidden]),
  ]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: shape stands for the properties that matter here
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const made = new uPlot(
      optionsFor(latest.current, element.clientWidth || 600, setCursor),
      dataFor(latest.current),
      element,
    );
    plot.current = made;
    const measure = () => setWidth(element.clientWidth - AXIS_WIDTH - rightOf(latest.current));
    measure();
    const pick = () => {
      const { onPick, timesMs } = latest.current;
      const { idx } = made.cursor;
      if (onPick !== undefined && idx != null && timesMs[idx] !== undefined)
        onPick(timesMs[idx], nearestCurve(made, latest.current));
    };
    made.over.addEventListener("click", pick);
    const observer = new ResizeObserver(() => {
      if (element.clientWidth === 0) return;
      made.setSize({ width: element.clientWidth, height: latest.current.height ?? 170 });
      measure();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the data is made of these two
  useEffect(() => {
    plot.current?.setData(dataFor(props));
  }, [props.timesMs, props.curves]);

  const moveCursor = (event: KeyboardEvent) => {
    const made = plot.current;
    if (event.key === "Enter" && cursor !== null && props.timesMs[cursor] !== undefined) {
      props.onPick?.(props.timesMs[cursor], props.curves[0]?.id);
      return;
    }
    const last = props.timesMs.length - 1;
    if (made === undefined || last < 0) return;
    const now = cursor ?? last;
    const targets: Record<string, number> = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const index = Math.min(last, Math.max(0, target));
    made.setCursor({ left: made.valToPos(props.timesMs[index]!, "x"), top: 10 }, true);
  };

  const at = cursor !== null && cursor < props.timesMs.length ? cursor : props.timesMs.length - 1;
  return (
    <div className={props.onPick === undefined ? "curve-chart" : "curve-chart pickable"}>
      <div
        className="plot"
        ref={holder}
        role="img"
        aria-label={props.label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the cursor along the curve
        tabIndex={0}
        onKeyDown={moveCursor}
      />
      {props.marks !== undefined && props.timesMs.length > 1 && (
        <ChartMarks
          {...props.marks}
          fromMs={props.timesMs[0]!}
          toMs={props.timesMs.at(-1)!}
          laterMs={2 * (props.timesMs[1]! - props.timesMs[0]!)}
          plot={{ left: AXIS_WIDTH, top: PLOT_TOP, width, height: (props.height ?? 170) - PLOT_TOP - TIMES_HEIGHT }}
        />
      )}
      <ul className={props.curves.length > MANY ? "curve-legend many" : "curve-legend"} aria-label={props.label}>
        <li className="muted clock">
          {at >= 0 ? clock(props.timesMs[at]!, props.seconds ?? false, spanOf(props)) : ""}
        </li>
        {props.curves.map((curve) => (
          <li key={curve.id}>
            <button
              type="button"
              aria-pressed={curve.hidden !== true}
              disabled={props.plain}
              onClick={() => props.onToggle?.(curve.id)}
            >
              <i
                className={curve.dashed ? "dashed" : ""}
                style={{ borderColor: `var(--curve-${(curve.colour % 8) + 1})` }}
              />
              <span className="clip">{curve.label}</span>
              <b>{formatOr(curve.values[at], props.formatValue)}</b>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The curve whose value at the cursor is nearest to it. */
function nearestCurve(plot: uPlot, { curves }: CurveChartProps): string | undefined {
  const { idx, top = 0 } = plot.cursor;
  let nearest: { id: string; distance: number } | undefined;
  for (const curve of curves) {
    const value = idx == null ? undefined : curve.values[idx];
    if (curve.hidden || value === null || value === undefined) continue;
    const distance = Math.abs(plot.valToPos(value, "y") - top);
    if (nearest === undefined || distance < nearest.distance) nearest = { id: curve.id, distance };
  }
  return nearest?.id;
}

function formatOr(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "–" : format(value);
}
