import type { Attribute } from "@msec/api/console/v1/metrics_pb.js";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatDateTime } from "../../lib/format.ts";
import { Loading } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { curveOwner } from "./chart-lines.ts";
import { metricFormat } from "./metric-format.ts";
import { MonitorRange, type MonitorSearch } from "./monitor-search.ts";
import { type MetricCurve, type MetricCurves, metricsQuery } from "./queries.ts";
import { daySummaries, summaryOf } from "./summary.ts";

// Newer ones say more; all are in the sums.
const ROWS_MAX = 500;
const COLUMNS_MAX = 12;

/** Whose minutes. */
export interface MinuteTableProps {
  readonly search: MonitorSearch;
  readonly name: string;
  readonly attribute: Attribute | undefined;
  readonly onClose: () => void;
}

/** The minutes of one attribute with sum, greatest, least and mean; days above, where there are several. */
export function MinuteTable({ search, name, attribute, onClose }: MinuteTableProps) {
  const { t } = useTranslation();
  // A month has minutes only where they are kept: the answer says which step it has.
  const stepS = search.range === MonitorRange.Month ? 3_600 : 60;
  const query = useQuery(metricsQuery(useApi(), search, [name], 0, stepS));
  const curves = query.data?.byName.get(name) ?? [];
  const format = metricFormat(attribute?.unit ?? "");
  return (
    <Panel
      title={<span className="mono">{name}</span>}
      count={t("monitor.valuesOf", { step: t(query.data?.stepS === 3_600 ? "step.hour" : "step.minute") })}
      tools={
        <button type="button" className="bare" onClick={onClose}>
          {t("monitor.close")}
        </button>
      }
    >
      {query.isPending && <Loading label={name} lines={4} />}
      {query.isError && (
        <FailureNotice error={query.error} onRetry={query.refetch} besideData={query.data !== undefined} />
      )}
      {query.data !== undefined && curves.length === 0 && <p className="panel-body muted">{t("monitor.nothing")}</p>}
      {query.data !== undefined && curves.length > 0 && (
        <div className="minute-tables">
          <Summaries curves={curves} data={query.data} format={format} />
          <Minutes curves={curves.slice(0, COLUMNS_MAX)} data={query.data} format={format} name={name} />
        </div>
      )}
    </Panel>
  );
}

interface TableProps {
  readonly curves: readonly MetricCurve[];
  readonly data: MetricCurves;
  readonly format: (value: number) => string;
}

function Summaries({ curves, data, format }: TableProps) {
  const { t } = useTranslation();
  const [only] = curves;
  const spanMs = (data.timesMs.at(-1) ?? 0) - (data.timesMs[0] ?? 0);
  const days = curves.length === 1 && spanMs > 30 * 3_600_000 ? daySummaries(data.timesMs, only!.values) : [];
  const rows = [
    ...curves.map((curve) => ({ what: curveOwner(curve) || t("monitor.together"), ...summaryOf(curve.values) })),
    ...days.map((day) => ({ what: formatDateTime(day.dayMs).slice(0, 10), ...day })),
  ];
  return (
    <div className="scroll-x">
      <table className="grid" aria-label={t("monitor.summary")}>
        <thead>
          <tr>
            <th>{t("monitor.of")}</th>
            <th className="num">{t("monitor.sum")}</th>
            <th className="num">{t("monitor.max")}</th>
            <th className="num">{t("monitor.min")}</th>
            <th className="num" title={t("monitor.meanOf")}>
              {t("monitor.mean")}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ what, sum, max, min, mean }) => (
            <tr key={what} className="row">
              <td className="mono">{what}</td>
              {[only!.isCounter ? sum : Number.NaN, max, min, mean].map((value, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: four columns that stay where they are
                <td key={column} className="num">
                  {Number.isNaN(value) ? "–" : format(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Minutes({ curves, data, format, name }: TableProps & { name: string }) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const indexes = data.timesMs
    .map((_, index) => index)
    .filter((index) => all || curves.some(({ values }) => values[index] !== null && values[index] !== 0))
    .reverse();
  return (
    <>
      <div className="minute-tools">
        <label>
          <input type="checkbox" checked={all} onChange={(event) => setAll(event.target.checked)} />{" "}
          {t("monitor.zeros")}
        </label>
        <span className="muted">
          {indexes.length > ROWS_MAX && t("curves.newestOf", { shown: ROWS_MAX, total: indexes.length })}
        </span>
        <a className="link" download={`${name}.csv`} href={csvOf(curves, data)}>
          CSV
        </a>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard scrolls only what has the focus */}
      <section className="minute-rows" tabIndex={0} aria-label={t("monitor.values")}>
        <table className="grid" aria-label={t("monitor.values")}>
          <thead>
            <tr>
              <th>{t("column.time")}</th>
              {curves.map((curve) => (
                <th key={curveOwner(curve)} className="num">
                  {curveOwner(curve) || t("monitor.together")}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {indexes.slice(0, ROWS_MAX).map((index) => (
              <tr key={data.timesMs[index]} className="row">
                <td className="mono">{formatDateTime(data.timesMs[index]!).slice(0, -3)}</td>
                {curves.map((curve) => (
                  <td key={curveOwner(curve)} className="num">
                    {curve.values[index] === null ? "–" : format(curve.values[index]!)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function csvOf(curves: readonly MetricCurve[], { timesMs }: MetricCurves): string {
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const head = ["time", ...curves.map((curve) => curveOwner(curve) || curve.name)].map(quote).join(",");
  const rows = timesMs.map((time, i) =>
    [formatDateTime(time), ...curves.map(({ values }) => values[i] ?? "")].join(","),
  );
  return `data:text/csv;charset=utf-8,${encodeURIComponent([head, ...rows].join("\n"))}`;
}
