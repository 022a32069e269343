import type { FlowLog } from "@msec/api/console/v1/telemetry_pb.js";
import { useTranslation } from "react-i18next";
import { formatClock, formatDuration } from "../../lib/format.ts";
import { visibleText } from "../../lib/visible-text.ts";
import { Notice } from "../../ui/notice.tsx";
import type { Hop } from "./hop-tree.ts";

type Line = Pick<FlowLog, "timeUs" | "level" | "service" | "instance" | "text" | "fields" | "spanId"> & {
  /** Microseconds from the clock of its process to that of the request; default 0. */
  readonly shiftUs?: number;
};

/** The log lines of a request, and which call is open. */
export interface LogLinesProps {
  readonly logs: readonly Line[];
  /** When the request began, microseconds since 1970 UTC. */
  readonly startUs: number;
  /** The lines of this call stand out. */
  readonly chosen: Hop | undefined;
}

const levelClass: Readonly<Record<string, string>> = { error: "tag fail", fatal: "tag fail", warn: "tag warn" };

/** The log lines of a request in the order given. */
export function LogLines({ logs, startUs, chosen }: LogLinesProps) {
  const { t } = useTranslation();
  if (logs.length === 0) return <Notice title={t("flow.noLogsTitle")}>{t("flow.noLogsTodo")}</Notice>;
  const spans = chosen === undefined ? undefined : new Set([chosen.client?.spanId, chosen.server?.spanId]);
  return (
    <div className="scroll-x">
      <table className="grid log-lines" aria-label={t("flow.logs")}>
        <thead>
          <tr>
            <th>{t("column.time")}</th>
            <th className="num">{t("flow.after")}</th>
            <th>{t("flow.level")}</th>
            <th>{t("column.service")}</th>
            <th>{t("flow.text")}</th>
          </tr>
        </thead>
        <tbody>
          {logs.map((log, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no id and never move
            <tr key={index} className={spans?.has(log.spanId) ? "row chosen" : "row"}>
              <td className="mono">{formatClock(log.timeUs / 1000, true)}</td>
              <td className="num muted">+{formatDuration(Math.max(0, log.timeUs + (log.shiftUs ?? 0) - startUs))}</td>
              <td>
                <span className={levelClass[log.level.toLowerCase()] ?? "tag"}>{log.level}</span>
              </td>
              <td title={log.instance}>
                {log.service} <span className="mono muted col-wide">{log.instance}</span>
              </td>
              <td className="text mono wrap">
                <bdi>{visibleText(log.text)}</bdi>{" "}
                <span className="fields">
                  {Object.entries(log.fields).map(([name, value]) => (
                    <span key={name}>
                      <bdi>{visibleText(name)}</bdi>=
                      <b>
                        <bdi>{visibleText(value)}</bdi>
                      </b>{" "}
                    </span>
                  ))}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
