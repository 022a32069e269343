import { type CSSProperties, type MouseEvent, useRef } from "react";
import { useWidth } from "../lib/use-width.ts";
import { chartRow } from "./chart-keys.ts";
import { type ChartMark, groupMarks } from "./mark-groups.ts";
import "./chart-marks.css";

// As wide as a flag with a number and a little air.
const FLAG_PX = 18;
// So many of a group are named; the others are counted.
const NAMED_MAX = 8;
const NARROW_PX = 640;
// What is beside the plot and in its frame.
const AXIS_PX = 42;

/** What happened while a chart was drawn, laid over its plot. */
export interface ChartMarksProps {
  readonly marks: readonly ChartMark[];
  /** The edges of the plot, milliseconds since 1970 UTC. */
  readonly fromMs: number;
  readonly toMs: number;
  /** What happened up to so long after the right edge stands there. */
  readonly laterMs: number;
  /** Where the plot is in the chart: pixels from its edges, and its height. */
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly height: number };
  /** What all of them are, for screen readers. */
  readonly label: string;
  /** Goes to a mark's page. */
  readonly onFollow: (href: string) => void;
}

/**
 * A line and a flag for each thing that happened; pointing at a flag, or going to it with the arrow keys, names them, and each leads to its page. Where nothing happened nothing is
 * measured either: a page has many charts.
 */
export function ChartMarks(props: ChartMarksProps) {
  const { marks, fromMs, toMs, laterMs } = props;
  const isAny = toMs > fromMs && marks.some(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs + laterMs);
  return isAny ? <MarksLayer {...props} /> : null;
}

function MarksLayer({ marks, fromMs, toMs, laterMs, plot, label, onFollow }: ChartMarksProps) {
  const layer = useRef<HTMLUListElement>(null);
  const width = useWidth(layer);
  const groups = groupMarks(marks, fromMs, toMs, laterMs, width, FLAG_PX);
  return (
    <ul ref={layer} className="chart-marks" aria-label={label} style={plot} {...chartRow}>
      {groups.map((group) => (
        <li key={group.marks[0]!.timeMs}>
          {group.lines.map((at, index) => (
            <i
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no state and only their place
              key={index}
              className={`line ${group.marks[index]!.kind}`}
              style={{ left: `${at * 100}%` }}
            />
          ))}
          <div className="flag">
            <Flag marks={group.marks} at={group.at} onFollow={onFollow} />
            <ul className="words" style={wordsPlace(group.at, width)}>
              {group.marks.slice(0, NAMED_MAX).map((mark, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: marks have no id and never move
                <li key={index}>
                  <i className={mark.kind} />
                  <span className="mono">{mark.clock}</span>
                  <Words mark={mark} onFollow={onFollow} />
                </li>
              ))}
              {group.marks.length > NAMED_MAX && <li className="muted">+{group.marks.length - NAMED_MAX}</li>}
            </ul>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Words stand beside their flag; in a narrow chart, whose frame would cut them, all across it. */
function wordsPlace(at: number, widthPx: number): CSSProperties {
  if (widthPx < NARROW_PX) return { left: -AXIS_PX, right: -AXIS_PX / 3 };
  return at > 0.5 ? { right: `${(1 - at) * 100}%` } : { left: `${at * 100}%` };
}

function Flag({ marks, at, onFollow }: Pick<ChartMarksProps, "marks" | "onFollow"> & { at: number }) {
  const [first] = marks;
  const kinds = new Set(marks.map(({ kind }) => kind));
  const kind = kinds.size === 1 ? first!.kind : "several";
  const words = marks.slice(0, NAMED_MAX).map(({ clock, label }) => `${clock} ${label}`);
  const rest = marks.length > NAMED_MAX ? [`+${marks.length - NAMED_MAX}`] : [];
  const name = [...words, ...rest].join("; ");
  const href = marks.length === 1 ? first!.href : undefined;
  const style = { left: `${at * 100}%` };
  const shown = marks.length > 1 ? marks.length : "";
  if (href === undefined) {
    return (
      <button type="button" className={`pennant ${kind}`} style={style} tabIndex={-1} aria-label={name}>
        {shown}
      </button>
    );
  }
  return (
    // biome-ignore lint/a11y/useAnchorContent: the name is the label
    <a
      className={`pennant ${kind}`}
      style={style}
      tabIndex={-1}
      href={href}
      aria-label={name}
      onClick={(event) => follow(event, href, onFollow)}
    />
  );
}

function Words({ mark, onFollow }: { mark: ChartMark; onFollow: (href: string) => void }) {
  const { href, label } = mark;
  if (href === undefined) return <span>{label}</span>;
  return (
    <a className="link" tabIndex={-1} href={href} onClick={(event) => follow(event, href, onFollow)}>
      {label}
    </a>
  );
}

/** A click stays in this page; with a modifier key it is the browser's: a new tab. */
function follow(event: MouseEvent, href: string, onFollow: (href: string) => void): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  onFollow(href);
}
