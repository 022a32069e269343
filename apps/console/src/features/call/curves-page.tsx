import { CallSide } from "@msec/api/console/v1/telemetry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Checkbox, Segmented } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatDateTime, formatDuration, formatTick } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { Icon } from "../../ui/icon.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { chartLines, latencyLines } from "./chart-data.ts";
import { CurveRange, CurveSide, type CurvesSearch, rangeSteps, shiftUntil } from "./curves-search.ts";
import { LazyChart } from "./lazy-chart.tsx";
import { type Calls, callsQuery } from "./queries.ts";
import { ValueTable } from "./value-table.tsx";
import "./charts.css";

/** What the curves page shows and how its controls change the address. */
export interface CurvesPageProps {
  readonly service: string;
  /** It does not count its own calls. */
  readonly external: boolean;
  readonly search: CurvesSearch;
  /** Puts the whole of the new state into the address. */
  readonly onSearch: (search: CurvesSearch) => void;
  /** Name, facts and tabs of the service. */
  readonly head: ReactNode;
}

/** Calls, failures and latency of one service's methods over time. */
export function CurvesPage({ service, external, search, onSearch, head }: CurvesPageProps) {
  const { t } = useTranslation();
  const range = search.range ?? CurveRange.Live;
  const side = search.side ?? (external ? CurveSide.Callers : CurveSide.Served);
  const { spanMs, stepS, pollMs } = rangeSteps[range];
  const calls = useQuery(
    callsQuery(useApi(), {
      service,
      side: side === CurveSide.Callers ? CallSide.CLIENT : CallSide.SERVER,
      spanMs,
      stepS,
      untilMs: search.until,
      byMethod: true,
      byInstance: search.split ?? false,
      ...(search.until === undefined ? { pollMs } : {}),
    }),
  );
  return (
    <div className="page">
      {head}
      <CurveTools search={search} range={range} side={side} onSearch={onSearch} calls={calls.data} />
      <section className="panel" aria-label={t("nav.curves")}>
        {calls.data === undefined && calls.isPending && <Loading label={t("curves.loading")} lines={9} />}
        {calls.isError && (
          <FailureNotice error={calls.error} onRetry={calls.refetch} besideData={calls.data !== undefined} />
        )}
        {calls.data !== undefined && calls.data.curves.length === 0 && (
          <Notice title={t("curves.emptyTitle")}>
            {t(side === CurveSide.Callers ? "curves.emptyCallers" : "curves.emptyTodo")}
          </Notice>
        )}
        {calls.data !== undefined && calls.data.curves.length > 0 && (
          <Charts service={service} search={search} range={range} calls={calls.data} onSearch={onSearch} />
        )}
      </section>
      {search.table && calls.data !== undefined && calls.data.curves.length > 0 && (
        <ValueTable calls={calls.data} seconds={range === CurveRange.Live} />
      )}
    </div>
  );
}

function CurveTools({
  search,
  range,
  side,
  onSearch,
  calls,
}: Pick<CurvesPageProps, "search" | "onSearch"> & { range: CurveRange; side: CurveSide; calls: Calls | undefined }) {
  const { t } = useTranslation();
  // Flags are in the address only where they are on.
  const set = (change: { [Key in keyof CurvesSearch]?: CurvesSearch[Key] | undefined }) =>
    onSearch(
      Object.fromEntries(
        Object.entries({ ...search, ...change }).filter(([, value]) => value !== undefined),
      ) as CurvesSearch,
    );
  const move = (direction: -1 | 1) => set({ until: shiftUntil(search.until, direction, range, serverNow()) });
  return (
    <div className="curve-tools">
      <Segmented
        aria-label={t("curves.range")}
        value={range}
        options={Object.values(CurveRange).map((value) => ({ value, label: t(`range.${value}`) }))}
        onChange={(value) => set({ range: value === CurveRange.Live ? undefined : value, until: undefined })}
      />
      {range !== CurveRange.Live && (
        <div className="row-flex" style={{ gap: 2 }}>
          <button
            type="button"
            className="bare"
            onClick={() => move(-1)}
            aria-label={t("curves.earlier")}
            title={t("curves.earlier")}
          >
            <Icon name="back" />
          </button>
          <button
            type="button"
            className="bare"
            disabled={search.until === undefined}
            onClick={() => move(1)}
            aria-label={t("curves.later")}
            title={t("curves.later")}
          >
            <Icon name="chevron" />
          </button>
          <span className="muted nowrap">
            {calls !== undefined &&
              `${formatDateTime(calls.grid.fromMs).slice(0, -3)} – ${formatDateTime(calls.grid.toMs).slice(11, -3)}`}
          </span>
        </div>
      )}
      <span className="spacer" />
      <Segmented
        aria-label={t("curves.side")}
        value={side}
        options={[
          { value: CurveSide.Served, label: t("curves.served") },
          { value: CurveSide.Callers, label: t("curves.callers") },
        ]}
        onChange={(value) => set({ side: value, hide: undefined })}
      />
      <Checkbox
        checked={search.split ?? false}
        onChange={(event) => set({ split: event.target.checked ? true : undefined, hide: undefined })}
      >
        {t("curves.split")}
      </Checkbox>
      <Checkbox
        checked={search.table ?? false}
        onChange={(event) => set({ table: event.target.checked ? true : undefined })}
      >
        {t("curves.table")}
      </Checkbox>
    </div>
  );
}

function Charts({
  service,
  search,
  range,
  calls,
  onSearch,
}: Pick<CurvesPageProps, "service" | "search" | "onSearch"> & { range: CurveRange; calls: Calls }) {
  const { t } = useTranslation();
  const hidden = new Set(search.hide);
  const toggle = (lineId: string) => {
    const id = lineId.replace(/ p50$/, "");
    const { hide: _, ...rest } = search;
    const hide = hidden.has(id) ? [...hidden].filter((one) => one !== id) : [...hidden, id];
    onSearch(hide.length > 0 ? { ...rest, hide } : rest);
  };
  const seconds = range === CurveRange.Live;
  const unit = t(seconds ? "unit.perSecond" : "unit.perMinute");
  const common = { timesMs: calls.timesMs, syncKey: `curves ${service}`, seconds, onToggle: toggle, height: 168 };
  return (
    <div className="charts">
      <LazyChart
        {...common}
        title={t("curves.calls")}
        unit={unit}
        label={t("curves.callsOf", { service })}
        whole
        curves={chartLines(calls.curves, "calls", hidden)}
        formatValue={formatTick}
        filled={calls.curves.length === 1}
      />
      <LazyChart
        {...common}
        title={t("curves.failures")}
        unit={unit}
        label={t("curves.failuresOf", { service })}
        whole
        curves={chartLines(calls.curves, "failures", hidden)}
        formatValue={formatTick}
      />
      <LazyChart
        {...common}
        title={t("curves.latency")}
        unit={t("curves.latencyUnit")}
        label={t("curves.latencyOf", { service })}
        curves={latencyLines(calls.curves, hidden)}
        formatValue={(value) => formatDuration(value * 1000)}
      />
    </div>
  );
}
