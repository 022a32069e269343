import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { chartRow, moveInChart } from "./chart-keys.ts";
import { ChartMarks } from "./chart-marks.tsx";
import { axisWidth, chartClock, dataFor, optionsFor, plotTop, rightOf, spanOf, timesHeight } from "./chart-options.ts";
import type { ChartMark } from "./mark-groups.ts";
import type { Scheme } from "./tokens.ts";
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
  /** A part of the time was dragged over, or chosen with Shift, arrow keys and Enter: milliseconds since 1970 UTC. */
  readonly onRange?: (fromMs: number, toMs: number) => void;
  /** The legend has nothing to switch off: one line under the chart. */
  readonly plain?: boolean;
}

// From here on the legend is a grid.
const MANY = 6;
// More are too many to be read aloud at each step.
const SPOKEN_MAX = 6;

/**
 * A chart of lines over time with a legend that has the values under the cursor, else the newest. It is one stop of the Tab key: left and right move the cursor, up leads to the
 * flags, down to the legend.
 */
export function CurveChart(props: CurveChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [cursor, setCursor] = useState<number | null>(null);
  // Where Shift and an arrow key began.
  const anchor = useRef<number>(undefined);
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
    const onDrag = (left: number, dragged: number) => {
      anchor.current = undefined;
      const [fromMs, toMs] = [left, left + dragged].map((at) => made.posToVal(at, "x"));
      made.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      latest.current.onRange?.(Math.floor(fromMs!), Math.ceil(toMs!));
    };
    const made = new uPlot(
      optionsFor(latest.current, element.clientWidth || 600, { onCursor: setCursor, onDrag }),
      dataFor(latest.current),
      element,
    );
    plot.current = made;
    const pick = () => {
      const { onPick, timesMs } = latest.current;
      const { idx } = made.cursor;
      if (onPick !== undefined && idx != null && timesMs[idx] !== undefined)
        onPick(timesMs[idx], nearestCurve(made, latest.current));
    };
    made.over.addEventListener("click", pick);
    const observer = new ResizeObserver(() => {
      // It also speaks when it begins to observe, and uPlot draws everything again for the same size.
      if (element.clientWidth === 0 || element.clientWidth === made.width) return;
      made.setSize({ width: element.clientWidth, height: latest.current.height ?? 170 });
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

  const last = props.timesMs.length - 1;
  const at = cursor !== null && cursor <= last ? cursor : last;
  const moveCursor = (event: KeyboardEvent) => {
    const made = plot.current;
    if (made === undefined || last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const targets: Record<string, number> = {
      ...{ ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: last },
      ...{ Enter: at, Escape: at },
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const from = anchor.current;
    const isExtended = event.shiftKey && event.key !== "Enter" && event.key !== "Escape" && props.onRange !== undefined;
    anchor.current = isExtended ? (from ?? at) : undefined;
    const index = Math.min(last, Math.max(0, target));
    made.setCursor({ left: made.valToPos(props.timesMs[index]!, "x"), top: 10 }, true);
    selectKeys(made, props.timesMs, anchor.current, index);
    if (event.key !== "Enter") return;
    if (from === undefined) props.onPick?.(props.timesMs[at]!, highestCurve(props, at));
    else if (from !== at) props.onRange?.(props.timesMs[Math.min(from, at)]!, props.timesMs[Math.max(from, at)]!);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only hands the focus from one of its parts to another
    <div className={props.onPick === undefined ? "curve-chart" : "curve-chart pickable"} onKeyDown={moveInChart}>
      {props.marks !== undefined && props.timesMs.length > 1 && (
        <ChartMarks
          {...props.marks}
          fromMs={props.timesMs[0]!}
          toMs={props.timesMs.at(-1)!}
          laterMs={2 * (props.timesMs[1]! - props.timesMs[0]!)}
          plot={{
            left: axisWidth,
            right: rightOf(props),
            top: plotTop,
            height: (props.height ?? 170) - plotTop - timesHeight,
          }}
        />
      )}
      <div {...chartRow}>
        <div
          className="plot"
          ref={holder}
          role="slider"
          aria-label={props.label}
          aria-valuemin={0}
          aria-valuemax={Math.max(0, last)}
          aria-valuenow={Math.max(0, at)}
          aria-valuetext={spokenAt(props, at)}
          tabIndex={0}
          onKeyDown={moveCursor}
        />
      </div>
      <ul
        className={props.curves.length > MANY ? "curve-legend many" : "curve-legend"}
        aria-label={props.label}
        {...chartRow}
      >
        <li className="muted clock">{clockAt(props, at)}</li>
        {props.curves.map((curve) => (
          <li key={curve.id}>
            <button
              type="button"
              tabIndex={-1}
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

function clockAt(props: CurveChartProps, at: number): string {
  const timeMs = props.timesMs[at];
  return timeMs === undefined ? "" : chartClock(timeMs, props.seconds ?? false, spanOf(props));
}

/** What a screen reader says of a point: its time and the values of the first curves that are switched on. */
function spokenAt(props: CurveChartProps, at: number): string {
  const shown = props.curves.filter(({ hidden }) => hidden !== true).slice(0, SPOKEN_MAX);
  const values = shown.map(({ label, values }) => `${label} ${formatOr(values[at], props.formatValue)}`);
  return [clockAt(props, at), ...values].filter(Boolean).join(", ");
}

/** Shows which part of the time Shift and the arrow keys have chosen; nothing without an anchor. */
function selectKeys(plot: uPlot, timesMs: readonly number[], from: number | undefined, to: number): void {
  const [left = 0, right = 0] =
    from === undefined ? [] : [from, to].sort((a, b) => a - b).map((at) => plot.valToPos(timesMs[at]!, "x"));
  plot.setSelect({ left, width: right - left, top: 0, height: plot.over.clientHeight }, false);
}

/** The curve that is highest at a point: what somebody without a pointer means. */
function highestCurve({ curves }: CurveChartProps, at: number): string | undefined {
  let highest: { id: string; value: number } | undefined;
  for (const { id, hidden, values } of curves) {
    const value = values[at];
    if (hidden || value === null || value === undefined) continue;
    if (highest === undefined || value > highest.value) highest = { id, value };
  }
  return highest?.id;
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
