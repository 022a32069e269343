import type { LogLine } from "@msec/api/console/v1/logs_pb.js";
import { type KeyboardEvent, type UIEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatClock, formatDateTime, isSameDay } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { visibleText } from "../../lib/visible-text.ts";
import { shortRequestId } from "../request/request-id.ts";
import type { LogColumn } from "./logs-search.ts";

/** Rows, which columns of them, and what happens at a click and at the end. */
export interface LogTableProps {
  readonly lines: readonly LogLine[];
  readonly columns: readonly LogColumn[];
  readonly chosen: string | undefined;
  /** A moment that is marked and, when it changes, brought into the middle; milliseconds since 1970 UTC. */
  readonly at?: number | undefined;
  readonly onChoose: (line: LogLine) => void;
  /** The last rows have come into sight. */
  readonly onEnd: () => void;
}

const ROW_HEIGHT = 26;
const BEYOND = 20;
/** Text of one row; the rest is in its details. */
const ROW_UNITS = 400;

/** Log lines in rows of one height, of which only those in sight are in the page. */
export function LogTable({ lines, columns, chosen, at, onChoose, onEnd }: LogTableProps) {
  const { t } = useTranslation();
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - BEYOND);
  const last = Math.min(lines.length, Math.ceil((top + height) / ROW_HEIGHT) + BEYOND);
  // The day only where the clock alone would leave it open.
  const withDay = [lines[0], lines.at(-1)].some(
    (line) => line !== undefined && !isSameDay(line.timeUs / 1_000, serverNow()),
  );
  const template = [
    withDay ? "148px" : "104px",
    "46px",
    // What no line has is not given the room of what it could be.
    ...columns.map((column) => (lines.some((line) => cell(line, column) !== "") ? widths[column] : "64px")),
    "minmax(240px, 1fr)",
  ].join(" ");
  const scrolled = (event: UIEvent<HTMLDivElement>) => {
    const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
    setTop(scrollTop);
    setHeight(clientHeight);
    if (scrollTop + clientHeight > scrollHeight - 20 * ROW_HEIGHT) onEnd();
  };
  const list = useRef<HTMLDivElement>(null);
  // Newest first: the line at the moment or the last before it.
  const momentRow = at === undefined ? -1 : lines.findIndex(({ timeUs }) => timeUs <= (at + 1) * 1_000);
  const broughtTo = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (at === undefined || momentRow < 0 || broughtTo.current === at || list.current === null) return;
    broughtTo.current = at;
    list.current.scrollTop = Math.max(0, momentRow * ROW_HEIGHT - list.current.clientHeight / 2);
  }, [at, momentRow]);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = lines.findIndex(({ id }) => id === chosen);
    const next = lines[Math.max(0, Math.min(lines.length - 1, at + step))];
    if (next !== undefined) onChoose(next);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows outside of the window are not in the page, which a table element could not tell
    <div
      ref={list}
      className="log-table"
      role="grid"
      aria-label={t("logs.title")}
      aria-rowcount={lines.length + 1}
      tabIndex={0}
      onScroll={scrolled}
      onKeyDown={move}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      <div
        className="log-row head"
        role="row"
        aria-rowindex={1}
        tabIndex={-1}
        style={{ gridTemplateColumns: template }}
      >
        {["time", "level", ...columns, "text"].map((column) => (
          // biome-ignore lint/a11y/useSemanticElements: see above
          <span key={column} role="columnheader" tabIndex={-1}>
            {t(`logs.column.${column as LogColumn}`)}
          </span>
        ))}
      </div>
      <div style={{ height: first * ROW_HEIGHT }} />
      {lines.slice(first, last).map((line, index) => (
        // biome-ignore lint/a11y/useSemanticElements: see above
        <div
          key={line.id}
          className={`log-row${line.id === chosen ? " chosen" : ""}${line.dyed ? " dyed" : ""}${first + index === momentRow ? " moment" : ""}`}
          role="row"
          aria-rowindex={first + index + 2}
          aria-selected={line.id === chosen}
          tabIndex={-1}
          style={{ gridTemplateColumns: template, height: ROW_HEIGHT }}
          onClick={() => onChoose(line)}
          onKeyDown={(event) => event.key === "Enter" && onChoose(line)}
        >
          {/* biome-ignore lint/a11y/useSemanticElements: see above */}
          <span role="gridcell" tabIndex={-1} className="mono" title={formatDateTime(line.timeUs / 1_000)}>
            {withDay && formatDateTime(line.timeUs / 1_000).slice(5, 11)}
            {formatClock(line.timeUs / 1_000, true)}
          </span>
          {/* biome-ignore lint/a11y/useSemanticElements: see above */}
          <span role="gridcell" tabIndex={-1}>
            <i className={`level level-${line.level}`}>{line.level}</i>
          </span>
          {columns.map((column) => (
            // biome-ignore lint/a11y/useSemanticElements: see above
            <span
              role="gridcell"
              tabIndex={-1}
              key={column}
              className={column === "service" ? "" : "mono muted"}
              title={cell(line, column)}
            >
              {column === "request" && line.requestId !== "" ? shortRequestId(line.requestId) : cell(line, column)}
            </span>
          ))}
          {/* biome-ignore lint/a11y/useSemanticElements: see above */}
          <span role="gridcell" tabIndex={-1} className="text mono">
            <bdi>{visibleText(line.text.slice(0, ROW_UNITS))}</bdi>
            {Object.entries(line.fields).map(([name, value]) => (
              <em key={name}>
                <bdi>{visibleText(name)}</bdi>=
                <b>
                  <bdi>{visibleText(value.slice(0, 80))}</bdi>
                </b>
              </em>
            ))}
          </span>
        </div>
      ))}
      <div style={{ height: (lines.length - last) * ROW_HEIGHT }} />
    </div>
  );
}

const widths: Readonly<Record<LogColumn, string>> = {
  service: "minmax(88px, 150px)",
  instance: "140px",
  host: "90px",
  method: "180px",
  caller: "130px",
  peer: "140px",
  source: "minmax(86px, 130px)",
  function: "120px",
  request: "100px",
};

function cell(line: LogLine, column: LogColumn): string {
  return column === "request" ? line.requestId : line[column];
}
