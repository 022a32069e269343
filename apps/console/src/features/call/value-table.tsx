import { useTranslation } from "react-i18next";
import { formatClock, formatCount, formatDateTime, formatDuration } from "../../lib/format.ts";
import { Panel } from "../../ui/panel.tsx";
import { curveLabel } from "./chart-data.ts";
import type { Calls } from "./queries.ts";

// More rows make the page slow and help nobody; they are the newest.
const MAX_ROWS = 300;

/** The values of the curves as a table, newest first: for reading aloud, copying, and exact numbers. */
export function ValueTable({ calls, seconds }: { readonly calls: Calls; readonly seconds: boolean }) {
  const { t } = useTranslation();
  const rows = calls.timesMs
    .flatMap((time, index) => calls.curves.map((curve) => ({ time, index, curve })))
    .filter(({ curve, index }) => (curve.calls[index] ?? 0) > 0)
    .reverse();
  return (
    <Panel
      title={t("curves.values")}
      count={
        rows.length > MAX_ROWS
          ? t("curves.newestOf", { shown: MAX_ROWS, total: formatCount(rows.length) })
          : rows.length
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard scrolls only what has the focus */}
      <section className="value-table" tabIndex={0} aria-label={t("curves.values")}>
        <table className="grid" aria-label={t("curves.values")}>
          <thead>
            <tr>
              <th>{t("column.time")}</th>
              <th>{t("column.method")}</th>
              <th className="num">{t("curves.calls")}</th>
              <th className="num">{t("curves.failures")}</th>
              <th className="num">{t("column.p50")}</th>
              <th className="num">{t("column.p99")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MAX_ROWS).map(({ time, index, curve }) => (
              <tr key={`${time} ${curve.id}`} className="row">
                <td className="mono">{seconds ? formatClock(time) : formatDateTime(time).slice(0, -3)}</td>
                <td>{curveLabel(curve)}</td>
                <td className="num">{formatCount(curve.calls[index] ?? 0)}</td>
                <td className={(curve.failures[index] ?? 0) > 0 ? "num fail" : "num zero"}>
                  {formatCount(curve.failures[index] ?? 0)}
                </td>
                <td className="num">{formatDuration((curve.p50Ms[index] ?? 0) * 1000)}</td>
                <td className="num">{formatDuration((curve.p99Ms[index] ?? 0) * 1000)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Panel>
  );
}
