import { useTranslation } from "react-i18next";
import { type CsvCell, csvText, saveText } from "../../lib/csv.ts";
import { formatClock, formatCount, formatDateTime, formatDuration } from "../../lib/format.ts";
import { Panel } from "../../ui/panel.tsx";
import { SumTable } from "../metric/sum-table.tsx";
import { differenceText, summaryOf } from "../metric/summary.ts";
import { curveLabel } from "./chart-data.ts";
import type { Calls } from "./queries.ts";
import type { Curve } from "./series.ts";

// More rows make the page slow and help nobody; they are the newest.
const MAX_ROWS = 300;

const formatMs = (ms: number) => formatDuration(ms * 1000);

/** What the table is of. */
export interface ValueTableProps {
  /** Whose calls: the name of the file that is saved. */
  readonly service: string;
  readonly calls: Calls;
  /** The same range some days before, where the page compares with it: its values stand beside, and the difference. */
  readonly before: Calls | undefined;
  readonly seconds: boolean;
}

/** The values of the curves as tables: what each comes to, then each step, newest first: for reading aloud, copying, and exact numbers. */
export function ValueTable({ service, calls, before, seconds }: ValueTableProps) {
  const { t } = useTranslation();
  const byId = new Map(before?.curves.map((curve) => [curve.id, curve]));
  const rows = calls.timesMs
    .flatMap((time, index) => calls.curves.map((curve) => ({ time, index, curve, earlier: byId.get(curve.id) })))
    .filter(({ curve, earlier, index }) => (curve.calls[index] ?? 0) > 0 || (earlier?.calls[index] ?? 0) > 0)
    .reverse();
  const beside = before !== undefined;
  return (
    <Panel
      title={t("curves.values")}
      count={
        rows.length > MAX_ROWS
          ? t("curves.newestOf", { shown: MAX_ROWS, total: formatCount(rows.length) })
          : rows.length
      }
      tools={
        <button type="button" className="bare" onClick={() => saveText(`${service}.csv`, csvText(csvRows(calls)))}>
          CSV
        </button>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard scrolls only what has the focus */}
      <section className="value-table" tabIndex={0} aria-label={t("curves.values")}>
        <Sums curves={calls.curves} byId={byId} />
        <table className="grid" aria-label={t("curves.values")}>
          <thead>
            <tr>
              <th>{t("column.time")}</th>
              <th>{t("column.method")}</th>
              <th className="num">{t("curves.calls")}</th>
              {beside && <th className="num muted">{t("curves.before")}</th>}
              {beside && <th className="num muted">{t("monitor.difference")}</th>}
              <th className="num">{t("curves.failures")}</th>
              {beside && <th className="num muted">{t("curves.before")}</th>}
              <th className="num">{t("column.p50")}</th>
              {!beside && <th className="num">p90</th>}
              <th className="num">{t("column.p99")}</th>
              {!beside && <th className="num">p99.9</th>}
              {beside && <th className="num muted">{t("curves.before")}</th>}
              {beside && <th className="num muted">{t("monitor.difference")}</th>}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MAX_ROWS).map(({ time, index, curve, earlier }) => (
              <tr key={`${time} ${curve.id}`} className="row">
                <td className="mono">{seconds ? formatClock(time) : formatDateTime(time).slice(0, -3)}</td>
                <td>{curveLabel(curve)}</td>
                <td className="num">{formatCount(curve.calls[index] ?? 0)}</td>
                {beside && <Then value={earlier?.calls[index]} format={formatCount} />}
                {beside && <Difference now={curve.calls[index]} then={earlier?.calls[index]} format={formatCount} />}
                <td className={(curve.failures[index] ?? 0) > 0 ? "num fail" : "num zero"}>
                  {formatCount(curve.failures[index] ?? 0)}
                </td>
                {beside && <Then value={earlier?.failures[index]} format={formatCount} />}
                <td className="num">{formatMs(curve.p50Ms[index] ?? 0)}</td>
                {!beside && <td className="num">{formatMs(curve.p90Ms[index] ?? 0)}</td>}
                <td className="num">{formatMs(curve.p99Ms[index] ?? 0)}</td>
                {!beside && <td className="num">{formatMs(curve.p999Ms[index] ?? 0)}</td>}
                {beside && <Then value={earlier?.p99Ms[index]} format={formatMs} />}
                {beside && <Difference now={curve.p99Ms[index]} then={earlier?.p99Ms[index]} format={formatMs} />}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Panel>
  );
}

/** Every step with calls of every curve, oldest first, durations in milliseconds: all of them, also what the page has no room for. */
function csvRows({ timesMs, curves }: Calls): CsvCell[][] {
  const head = ["time", "curve", "calls", "failures", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms"];
  const rows = timesMs.flatMap((time, i) =>
    curves
      .filter(({ calls }) => (calls[i] ?? 0) > 0)
      .map(({ id, calls, failures, p50Ms, p90Ms, p99Ms, p999Ms }) => [
        ...[formatDateTime(time), id, calls[i], failures[i]],
        ...[p50Ms[i], p90Ms[i], p99Ms[i], p999Ms[i]],
      ]),
  );
  return [head, ...rows];
}

/** What the calls of each curve come to in the range, and came to before. */
function Sums({ curves, byId }: { readonly curves: readonly Curve[]; readonly byId: ReadonlyMap<string, Curve> }) {
  const { t } = useTranslation();
  const cellsOf = (curve: Curve) => {
    const { sum, max, min, mean } = summaryOf(curve.calls);
    return [sum, max, min, mean];
  };
  const rows = curves.flatMap((curve) => {
    const now = cellsOf(curve);
    const row = { key: curve.id, what: curveLabel(curve), isBeside: false, texts: now.map(textOf) };
    const then = byId.get(curve.id);
    if (then === undefined) return [row];
    const cells = cellsOf(then);
    const differences = now.map((value, column) =>
      differenceText(column === MEAN ? formatMean : formatCount, value, cells[column]),
    );
    return [
      row,
      { key: `${curve.id} before`, what: t("curves.before"), isBeside: true, texts: cells.map(textOf) },
      { key: `${curve.id} difference`, what: t("monitor.difference"), isBeside: true, texts: differences },
    ];
  });
  return <SumTable of={t("curves.calls")} rows={rows} />;
}

interface BesideProps {
  readonly format: (value: number) => string;
}

function Then({ value, format }: BesideProps & { readonly value: number | undefined }) {
  return <td className="num muted">{value === undefined ? "–" : format(value)}</td>;
}

function Difference({
  now,
  then,
  format,
}: BesideProps & { readonly now: number | undefined; readonly then: number | undefined }) {
  return <td className="num muted">{differenceText(format, now, then)}</td>;
}

// The only one of the four that is no whole number.
const MEAN = 3;

function formatMean(value: number): string {
  return value < 100 ? value.toFixed(1) : formatCount(value);
}

function textOf(value: number, column: number): string {
  if (Number.isNaN(value)) return "–";
  return column === MEAN ? formatMean(value) : formatCount(value);
}
