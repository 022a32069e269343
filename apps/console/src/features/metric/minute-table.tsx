import type { Attribute } from "@msec/api/console/v1/metrics_pb.js";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { type CsvCell, csvText, saveText } from "../../lib/csv.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatDateTime } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { Loading } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { curveOwner, onTimesOf } from "./chart-lines.ts";
import { metricFormat } from "./metric-format.ts";
import { type MonitorSearch, monitorSpan } from "./monitor-search.ts";
import { type MetricCurve, type MetricCurves, metricsQuery } from "./queries.ts";
import { SumTable } from "./sum-table.tsx";
import { type CurveSummary, daySummaries, differenceText, summaryOf } from "./summary.ts";

// Newer ones say more; all are in the sums.
const ROWS_MAX = 500;
// A week has 10,080: an answer has no more points.
const MINUTES_MAX = 10_080;
const COLUMNS_MAX = 12;
/** Each has three columns then: now, before, and the difference. */
const COMPARED_MAX = 4;

/** Whose minutes. */
export interface MinuteTableProps {
  readonly search: MonitorSearch;
  readonly name: string;
  readonly attribute: Attribute | undefined;
  /** Shows minutes without a value, too, or leaves them out. */
  readonly onZeros: (zeros: boolean) => void;
  readonly onClose: () => void;
}

/** The minutes of one attribute with sum, greatest, least and mean, beside those of the day that the page compares with; days above, where there are several. */
export function MinuteTable({ search, name, attribute, onZeros, onClose }: MinuteTableProps) {
  const { t } = useTranslation();
  // A month has minutes only where they are kept: the answer says which step it has.
  const { spanMs } = monitorSpan(search, serverNow());
  const stepS = spanMs > MINUTES_MAX * 60_000 ? 3_600 : 60;
  const query = useQuery(metricsQuery(useApi(), search, [name], 0, stepS));
  const curves = query.data?.byName.get(name) ?? [];
  const days = search.vs ?? 0;
  const earlier = useQuery({ ...metricsQuery(useApi(), search, [name], days, stepS), enabled: days > 0 });
  const before: Before | undefined =
    days > 0 && query.data !== undefined && earlier.data !== undefined
      ? { label: t("monitor.daysBefore", { count: days }), valuesOf: valuesBefore(name, query.data, earlier.data) }
      : undefined;
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
          {earlier.isError && (
            <FailureNotice error={earlier.error} onRetry={earlier.refetch} besideData={earlier.data !== undefined} />
          )}
          <Summaries curves={curves} data={query.data} format={format} before={before} />
          <Minutes
            curves={curves.slice(0, days > 0 ? COMPARED_MAX : COLUMNS_MAX)}
            data={query.data}
            format={format}
            before={before}
            name={name}
            all={search.zeros ?? false}
            onAll={onZeros}
          />
        </div>
      )}
    </Panel>
  );
}

/** The same curves some days before. */
interface Before {
  /** `the day before`. */
  readonly label: string;
  /** On the times of the curve itself; undefined where it was not there then. */
  readonly valuesOf: (curve: MetricCurve) => readonly (number | null)[] | undefined;
}

function valuesBefore(name: string, now: MetricCurves, earlier: MetricCurves): Before["valuesOf"] {
  const found = earlier.byName.get(name) ?? [];
  const byOwner = new Map(found.map((curve) => [curveOwner(curve), onTimesOf(now, earlier, curve)]));
  return (curve) => byOwner.get(curveOwner(curve));
}

interface TableProps {
  readonly curves: readonly MetricCurve[];
  readonly data: MetricCurves;
  readonly format: (value: number) => string;
  readonly before: Before | undefined;
}

function Summaries({ curves, data, format, before }: TableProps) {
  const { t } = useTranslation();
  const [only] = curves;
  const spanMs = (data.timesMs.at(-1) ?? 0) - (data.timesMs[0] ?? 0);
  const days = curves.length === 1 && spanMs > 30 * 3_600_000 ? daySummaries(data.timesMs, only!.values) : [];
  const cellsOf = ({ sum, max, min, mean }: CurveSummary) => [only!.isCounter ? sum : Number.NaN, max, min, mean];
  const textsOf = (summary: CurveSummary) =>
    cellsOf(summary).map((value) => (Number.isNaN(value) ? "–" : format(value)));
  const rows = [
    ...curves.flatMap((curve) => {
      const what = curveOwner(curve) || t("monitor.together");
      const now = summaryOf(curve.values);
      const row = { key: what, what, isBeside: false, texts: textsOf(now) };
      const values = before?.valuesOf(curve);
      if (before === undefined || values === undefined) return [row];
      const then = summaryOf(values);
      const thenCells = cellsOf(then);
      const differences = cellsOf(now).map((value, column) => differenceText(format, value, thenCells[column]));
      return [
        row,
        { key: `${what} before`, what: before.label, isBeside: true, texts: textsOf(then) },
        { key: `${what} difference`, what: t("monitor.difference"), isBeside: true, texts: differences },
      ];
    }),
    ...days.map((day) => {
      const what = formatDateTime(day.dayMs).slice(0, 10);
      return { key: what, what, isBeside: false, texts: textsOf(day) };
    }),
  ];
  return (
    <div className="scroll-x">
      <SumTable of={t("monitor.of")} rows={rows} mono />
    </div>
  );
}

function Minutes({
  curves,
  data,
  format,
  before,
  name,
  all,
  onAll,
}: TableProps & { name: string; all: boolean; onAll: (all: boolean) => void }) {
  const { t } = useTranslation();
  const columns = columnsOf(curves, before, t("monitor.together"), t("monitor.difference"));
  const indexes = data.timesMs
    .map((_, index) => index)
    .filter((index) => all || columns.some(({ values }) => values[index] !== null && values[index] !== 0))
    .reverse();
  return (
    <>
      <div className="minute-tools">
        <label>
          <input type="checkbox" checked={all} onChange={(event) => onAll(event.target.checked)} /> {t("monitor.zeros")}
        </label>
        <span className="muted">
          {indexes.length > ROWS_MAX && t("curves.newestOf", { shown: ROWS_MAX, total: indexes.length })}
        </span>
        <button type="button" className="bare" onClick={() => saveText(`${name}.csv`, csvText(csvRows(columns, data)))}>
          CSV
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard scrolls only what has the focus */}
      <section className="minute-rows" tabIndex={0} aria-label={t("monitor.values")}>
        <table className="grid" aria-label={t("monitor.values")}>
          <thead>
            <tr>
              <th>{t("column.time")}</th>
              {columns.map(({ key, title, before: then }) => (
                <th key={key} className={then === undefined ? "num" : "num muted"}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {indexes.slice(0, ROWS_MAX).map((index) => (
              <tr key={data.timesMs[index]} className="row">
                <td className="mono">{formatDateTime(data.timesMs[index]!).slice(0, -3)}</td>
                {columns.map(({ key, values, isDifference, before: then }) => (
                  <td key={key} className={then === undefined ? "num" : "num muted"}>
                    {isDifference
                      ? differenceText(format, values[index], then?.[index])
                      : (values[index] ?? null) === null
                        ? "–"
                        : format(values[index]!)}
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

/** A column of the minutes: a curve, the same days before, or by how much they differ. */
interface Column {
  readonly key: string;
  readonly title: string;
  readonly values: readonly (number | null)[];
  readonly isDifference: boolean;
  /** Of what goes with the curve beside it: the values before. */
  readonly before: readonly (number | null)[] | undefined;
}

function columnsOf(
  curves: readonly MetricCurve[],
  before: Before | undefined,
  together: string,
  difference: string,
): Column[] {
  return curves.flatMap((curve) => {
    const title = curveOwner(curve) || together;
    const column = { key: title, title, values: curve.values, isDifference: false, before: undefined };
    const then = before?.valuesOf(curve);
    if (before === undefined || then === undefined) return [column];
    return [
      column,
      { key: `${title} before`, title: before.label, values: then, isDifference: false, before: then },
      { key: `${title} difference`, title: difference, values: curve.values, isDifference: true, before: then },
    ];
  });
}

function csvRows(columns: readonly Column[], { timesMs }: MetricCurves): CsvCell[][] {
  return [
    ["time", ...columns.map(({ title }) => title)],
    ...timesMs.map((time, i) => [formatDateTime(time), ...columns.map((column) => csvValue(column, i))]),
  ];
}

function csvValue({ values, isDifference, before }: Column, index: number): number | undefined {
  const value = values[index] ?? undefined;
  if (!isDifference || value === undefined) return value;
  const then = before?.[index] ?? undefined;
  return then === undefined ? undefined : value - then;
}
