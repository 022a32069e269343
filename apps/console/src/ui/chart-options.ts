import type uPlot from "uplot";
import type { CurveChartProps } from "./curve-chart.tsx";
import { palettes, type Scheme } from "./tokens.ts";

/** Pixels left of the plot, where values stand. */
export const axisWidth = 54;
/** Pixels below the plot, where times stand. */
export const timesHeight = 26;
/** Pixels above the plot: room for the flags of marks. */
export const plotTop = 10;
// Calls come whole: a scale from 0 to 1 has no halves.
const WHOLE_STEPS = [1, 2, 5].flatMap((digit) => [0, 1, 2, 3, 4, 5, 6, 7, 8].map((power) => digit * 10 ** power));

// From here on a time of day alone does not say which day.
const DAYS_MS = 25 * 3_600_000;

/** A time for the axis of a chart: with the day where the chart is of days, and of months the day alone. @param spanMs of the whole chart */
export function chartClock(ms: number, seconds: boolean, spanMs = 0): string {
  const date = new Date(ms);
  if (spanMs > DAYS_MS) {
    const day = `${date.getMonth() + 1}-${String(date.getDate()).padStart(2, "0")}`;
    return spanMs > 20 * DAYS_MS ? day : `${day} ${chartClock(ms, false)}`;
  }
  const parts = [date.getHours(), date.getMinutes(), ...(seconds ? [date.getSeconds()] : [])];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** Milliseconds from the first time of a chart to its last. */
export function spanOf({ timesMs }: Pick<CurveChartProps, "timesMs">): number {
  return (timesMs.at(-1) ?? 0) - (timesMs[0] ?? 0);
}

/** Pixels right of the plot: room for half of the last time on the axis. */
export function rightOf({ seconds }: Pick<CurveChartProps, "seconds">): number {
  return seconds ? 30 : 22;
}

function colourOf(scheme: Scheme, index: number): string {
  const { curves } = palettes[scheme];
  return curves[index % curves.length]!;
}

/** What the pointer did in a plot. */
export interface PlotEvents {
  /** It is at this point; null: nowhere. */
  readonly onCursor: (index: number | null) => void;
  /** It was dragged over this part of the plot, pixels. */
  readonly onDrag: (left: number, width: number) => void;
}

// What is moved less is a click with an unsteady hand.
const DRAG_MIN_PX = 6;

/** All that uPlot takes at its construction. */
export function optionsFor(props: CurveChartProps, width: number, { onCursor, onDrag }: PlotEvents): uPlot.Options {
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
    padding: [plotTop, rightOf(props), 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      // A part of the time is dragged over; what becomes of it is the page's affair.
      drag: { x: props.onRange !== undefined, y: false, dist: DRAG_MIN_PX, setScale: false },
      points: { size: 6, width: 1.5, fill: palette.surface },
      // Other charts show the same time, but only this one is dragged over.
      sync: { key: props.syncKey, setSeries: false, filters: { pub: isMove } },
    },
    scales: {
      x: { time: true },
      // From zero, so that heights can be compared; a little room above, and a scale even for nothing at all.
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.12 : 1] },
    },
    axes: [
      {
        ...axis,
        size: timesHeight,
        space: seconds ? 74 : spanOf(props) > DAYS_MS ? 96 : 56,
        gap: 4,
        values: (plot, splits) =>
          splits.map((at) => chartClock(at, seconds, (plot.scales.x?.max ?? 0) - (plot.scales.x?.min ?? 0))),
      },
      {
        ...axis,
        size: axisWidth,
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
        // What is drawn beside the curve itself (another day, the median) stands back.
        stroke: `${colourOf(props.scheme, curve.colour)}${curve.dashed ? "b8" : ""}`,
        width: 1.5,
        // A value with nothing on either side would not be seen as a line.
        points: { show: false, size: 5, filter: lonePoints },
        ...(curve.dashed ? { dash: [3, 3] } : {}),
        ...(props.filled ? { fill: `${colourOf(props.scheme, curve.colour)}14` } : {}),
      })),
    ],
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
      setSelect: [(plot) => plot.select.width >= DRAG_MIN_PX && onDrag(plot.select.left, plot.select.width)],
    },
  };
}

function isMove(type: string): boolean {
  return type !== "mousedown" && type !== "mouseup";
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

/** The columns of a chart as uPlot wants them. */
export function dataFor(props: CurveChartProps): uPlot.AlignedData {
  return [props.timesMs as number[], ...props.curves.map((curve) => curve.values as (number | null)[])];
}
