import type { CountLogsResponse } from "@msec/api/console/v1/logs_pb.js";
import { type PointerEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatClock, formatCount, formatDateTime } from "../../lib/format.ts";

/** Counts to draw, and what a brushed range does. */
export interface LogHistogramProps {
  readonly counts: CountLogsResponse;
  /** A moment to mark, milliseconds since 1970 UTC. */
  readonly at?: number | undefined;
  readonly onRange: (fromMs: number, toMs: number) => void;
}

const HEIGHT = 64;

/** Lines over time as stacked columns by level; dragging over it chooses a range. */
export function LogHistogram({ counts, at, onRange }: LogHistogramProps) {
  const { t } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const [brush, setBrush] = useState<{ from: number; to: number } | undefined>();
  const [over, setOver] = useState<number | undefined>();
  const { timeMs, levels } = counts;
  const columns = timeMs.length;
  const totals = timeMs.map((_, column) => levels.reduce((sum, level) => sum + (level.counts[column] ?? 0), 0));
  const most = Math.max(1, ...totals);
  const stepMs = columns > 1 ? (timeMs[1] ?? 0) - (timeMs[0] ?? 0) : 1_000;
  const columnAt = (event: PointerEvent) => {
    const box = frame.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return 0;
    return Math.max(0, Math.min(columns - 1, Math.floor(((event.clientX - box.left) / box.width) * columns)));
  };
  const finish = () => {
    if (brush !== undefined) {
      const [first, last] = [Math.min(brush.from, brush.to), Math.max(brush.from, brush.to)];
      onRange(timeMs[first] ?? 0, (timeMs[last] ?? 0) + stepMs);
    }
    setBrush(undefined);
  };
  const shown = over === undefined ? undefined : timeMs[over];
  return (
    <div className="log-histogram">
      <div
        ref={frame}
        className="bars"
        role="img"
        aria-label={t("logs.histogram", { count: counts.total, text: formatCount(counts.total) })}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          const column = columnAt(event);
          setBrush({ from: column, to: column });
        }}
        onPointerMove={(event) => {
          const column = columnAt(event);
          setOver(column);
          if (brush !== undefined) setBrush({ ...brush, to: column });
        }}
        onPointerUp={finish}
        onPointerLeave={() => setOver(undefined)}
      >
        <svg viewBox={`0 0 ${Math.max(1, columns)} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          {timeMs.map((time, column) => {
            let y = HEIGHT;
            return levels.map((level) => {
              const height = ((level.counts[column] ?? 0) / most) * (HEIGHT - 2);
              if (height === 0) return null;
              // A few errors among thousands of lines stay visible.
              const seen = Math.max(1, height);
              y -= seen;
              return (
                <rect
                  key={`${time}${level.level}`}
                  className={`level-${level.level}`}
                  x={column + 0.08}
                  width={0.84}
                  y={y}
                  height={seen}
                />
              );
            });
          })}
        </svg>
        {at !== undefined && columns > 0 && at >= (timeMs[0] ?? 0) && (
          <div
            className="moment"
            style={{ left: `${Math.min(1, (at - (timeMs[0] ?? 0)) / (columns * stepMs)) * 100}%` }}
          />
        )}
        {brush !== undefined && (
          <div
            className="brush"
            style={{
              left: `${(Math.min(brush.from, brush.to) / columns) * 100}%`,
              width: `${((Math.abs(brush.to - brush.from) + 1) / columns) * 100}%`,
            }}
          />
        )}
      </div>
      <div className="axis mono">
        <span>{timeMs[0] === undefined ? "" : formatDateTime(timeMs[0])}</span>
        <span className="legend">
          {shown === undefined
            ? levels.map(({ level, counts: all }) => (
                <span key={level}>
                  <i className={`level-${level}`} /> {level} {formatCount(all.reduce((sum, count) => sum + count, 0))}
                </span>
              ))
            : [
                <span key="time">{formatClock(shown)}</span>,
                ...levels.map(({ level, counts: all }) => (
                  <span key={level}>
                    <i className={`level-${level}`} /> {level} {formatCount(all[over ?? 0] ?? 0)}
                  </span>
                )),
              ]}
        </span>
        <span>{columns === 0 ? "" : formatDateTime((timeMs[columns - 1] ?? 0) + stepMs)}</span>
      </div>
    </div>
  );
}
