import { CallSide } from "@msec/api/console/v1/telemetry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Checkbox, Segmented, Select } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatDuration, formatRange, formatTick } from "../../lib/format.ts";
import { chosenRange, type OwnRange } from "../../lib/own-range.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { Icon } from "../../ui/icon.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { perStepKey } from "../metric/metric-format.ts";
import { OwnRangeInput } from "../metric/own-range-input.tsx";
import { useMarks } from "../metric/use-marks.ts";
import { chartLines, type Line, latencyLines, type Quantile, quantileName, withBefore } from "./chart-data.ts";
import {
  CurveBy,
  CurveRange,
  CurveSide,
  type CurvesSearch,
  curveQuantiles,
  curvesSpan,
  ownRangeOf,
  shiftUntil,
} from "./curves-search.ts";
import { LazyChart } from "./lazy-chart.tsx";
import { type Calls, type CallsRequest, callsQuery } from "./queries.ts";
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
  /** Opens the slowest requests of what a curve shows in a range of time. */
  readonly onSlowest: (calls: SlowestCalls) => void;
  /** Name, facts and tabs of the service. */
  readonly head: ReactNode;
}

/** What a point of a latency curve stands for: the conditions of the list of requests. */
export interface SlowestCalls {
  /** Milliseconds since 1970 UTC. */
  readonly from: number;
  readonly to: number;
  /** Who was called. */
  readonly service: string;
  readonly method: string;
  readonly caller: string;
  /** Of the service that was called. */
  readonly instance: string;
}

/** Calls, failures and latency of one service's methods over time. */
export function CurvesPage({ service, external, search, onSearch, onSlowest, head }: CurvesPageProps) {
  const { t } = useTranslation();
  const range = search.range ?? CurveRange.Live;
  const side = search.side ?? (external ? CurveSide.Callers : CurveSide.Served);
  const { spanMs, stepS, pollMs } = curvesSpan(search, serverNow());
  const api = useApi();
  const made = side === CurveSide.Made;
  const by = search.by ?? CurveBy.Method;
  const request: CallsRequest = {
    service: made ? "" : service,
    ...(made ? { caller: service } : {}),
    side: side === CurveSide.Served ? CallSide.SERVER : CallSide.CLIENT,
    spanMs,
    stepS,
    untilMs: search.until,
    byMethod: by === CurveBy.Method,
    // The callee is in each curve of calls that a service makes; its callers are asked for.
    byCaller: by === CurveBy.Caller && !made,
    byInstance: (search.split ?? false) && !made,
    byCallerInstance: (search.split ?? false) && made,
    ...(search.until === undefined ? { pollMs } : {}),
  };
  const calls = useQuery(callsQuery(api, request));
  const before = useQuery({
    ...callsQuery(api, { ...request, daysBack: search.vs ?? 0 }),
    enabled: search.vs !== undefined,
  });
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
            {t(side === CurveSide.Served ? "curves.emptyTodo" : "curves.emptyCallers")}
          </Notice>
        )}
        {calls.data !== undefined && calls.data.curves.length > 0 && (
          <Charts
            service={service}
            side={side}
            search={search}
            stepS={stepS}
            calls={calls.data}
            before={search.vs === undefined ? undefined : before.data}
            onSearch={onSearch}
            onSlowest={onSlowest}
          />
        )}
      </section>
      {search.table && calls.data !== undefined && calls.data.curves.length > 0 && (
        <ValueTable
          service={service}
          calls={calls.data}
          before={search.vs === undefined ? undefined : before.data}
          seconds={stepS < 60}
        />
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
  const own = ownRangeOf(search);
  const move = (direction: -1 | 1) =>
    set(
      own === undefined
        ? { until: shiftUntil(search.until, direction, range, serverNow()) }
        : chosenRange(...shifted(own, direction), serverNow()),
    );
  return (
    <div className="curve-tools">
      <Segmented
        aria-label={t("curves.range")}
        value={own === undefined ? range : OWN}
        options={[...Object.values(CurveRange), OWN].map((value) => ({
          value,
          label: t(`range.${value}`),
          ...(value === OWN ? { title: t("range.drag") } : {}),
        }))}
        onChange={(value) => {
          if (value === OWN) set({ range: undefined, ...shownRange(calls, serverNow()) });
          else set({ range: value === CurveRange.Live ? undefined : value, from: undefined, until: undefined });
        }}
      />
      {(range !== CurveRange.Live || own !== undefined) && (
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
            disabled={search.until === undefined || search.until >= serverNow() - LATEST_MS}
            onClick={() => move(1)}
            aria-label={t("curves.later")}
            title={t("curves.later")}
          >
            <Icon name="chevron" />
          </button>
          {own === undefined ? (
            <span className="muted nowrap">
              {calls !== undefined && formatRange(calls.grid.fromMs, calls.grid.toMs)}
            </span>
          ) : (
            <OwnRangeInput range={own} onChange={(next) => set({ ...next })} />
          )}
        </div>
      )}
      <span className="break" />
      <Segmented
        aria-label={t("curves.side")}
        value={side}
        options={[
          { value: CurveSide.Served, label: t("curves.served") },
          { value: CurveSide.Callers, label: t("curves.callers") },
          { value: CurveSide.Made, label: t("curves.made") },
        ]}
        onChange={(value) => set({ side: value, hide: undefined })}
      />
      <span className="spacer" />
      <div className="tool-group">
        <Select
          aria-label={t("curves.quantile")}
          value={search.q ?? "p99"}
          options={curveQuantiles.map((value) => ({ value, label: quantileName(value) }))}
          onChange={(q) => set({ q: q === "p99" ? undefined : q })}
        />
        <Select
          aria-label={t("curves.compare")}
          style={{ minWidth: 138 }}
          value={search.vs ?? 0}
          options={[
            { value: 0, label: t("curves.notCompared") },
            { value: 1, label: t("curves.dayBefore") },
            { value: 7, label: t("curves.weekBefore") },
          ]}
          onChange={(days) => set({ vs: days === 1 || days === 7 ? days : undefined })}
        />
        <Select
          aria-label={t("column.method")}
          style={{ minWidth: 104 }}
          value={search.by ?? CurveBy.Method}
          options={[
            { value: CurveBy.Method, label: t("curves.byMethod") },
            ...(side === CurveSide.Made ? [] : [{ value: CurveBy.Caller, label: t("curves.byCaller") }]),
            { value: CurveBy.Service, label: t("curves.byService") },
          ]}
          onChange={(by) => set({ by: by === CurveBy.Method ? undefined : by, hide: undefined })}
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
    </div>
  );
}

const MINUTE_MS = 60_000;
// What ended no longer ago ends now.
const LATEST_MS = MINUTE_MS;
/** A range of one's own, beside those of the list. */
const OWN = "own" as const;

function shifted({ from, until }: OwnRange, direction: -1 | 1): [number, number] {
  const by = direction * (until - from);
  return [from + by, until + by];
}

/** What is on the screen as a range of one's own. */
function shownRange(calls: Calls | undefined, nowMs: number): OwnRange {
  return chosenRange(calls?.grid.fromMs ?? nowMs - 5 * MINUTE_MS, calls?.grid.toMs ?? nowMs, nowMs);
}

function Charts({
  service,
  side,
  search,
  stepS,
  calls,
  before,
  onSearch,
  onSlowest,
}: Pick<CurvesPageProps, "service" | "search" | "onSearch" | "onSlowest"> & {
  side: CurveSide;
  stepS: number;
  calls: Calls;
  before: Calls | undefined;
}) {
  const { t } = useTranslation();
  const hidden = new Set(search.hide);
  const toggle = (lineId: string) => {
    const id = lineId.replace(/ before$/, "").replace(/ p50$/, "");
    const { hide: _, ...rest } = search;
    const hide = hidden.has(id) ? [...hidden].filter((one) => one !== id) : [...hidden, id];
    onSearch(hide.length > 0 ? { ...rest, hide } : rest);
  };
  const seconds = stepS < 60;
  const unit = t(perStepKey(stepS));
  const quantile: Quantile = search.q ?? "p99";
  const marks = useMarks(service, calls.grid);
  const lines = (make: (curves: Calls["curves"]) => Line[]) =>
    before === undefined ? make(calls.curves) : withBefore(make(calls.curves), make(before.curves), t("curves.before"));
  const pick = (timeMs: number, lineId: string | undefined) => {
    const curve = calls.curves.find(({ id }) => id === lineId?.replace(/ (p50|before)$/, ""));
    const from = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
    onSlowest({
      from,
      to: from + Math.max(MINUTE_MS, calls.grid.stepMs),
      ...(side === CurveSide.Made
        ? { service: curve?.service ?? "", caller: service, instance: "" }
        : { service, caller: curve?.caller ?? "", instance: curve?.instance ?? "" }),
      method: curve?.method ?? "",
    });
  };
  const common = {
    marks,
    timesMs: calls.timesMs,
    syncKey: `curves ${service}`,
    seconds,
    onToggle: toggle,
    onRange: (fromMs: number, toMs: number) => {
      const { range: _, ...rest } = search;
      onSearch({ ...rest, ...chosenRange(fromMs, toMs, serverNow()) });
    },
    height: 168,
  };
  return (
    <div className="charts">
      <LazyChart
        {...common}
        title={t("curves.calls")}
        unit={unit}
        label={t("curves.callsOf", { service })}
        whole
        curves={lines((curves) => chartLines(curves, "calls", hidden))}
        formatValue={formatTick}
        filled={calls.curves.length === 1}
      />
      <LazyChart
        {...common}
        title={t("curves.failures")}
        unit={unit}
        label={t("curves.failuresOf", { service })}
        whole
        curves={lines((curves) => chartLines(curves, "failures", hidden))}
        formatValue={formatTick}
      />
      <LazyChart
        {...common}
        title={t("curves.latency")}
        unit={t("curves.latencyUnit", { shown: quantileName(quantile) })}
        onPick={pick}
        label={t("curves.latencyOf", { service })}
        curves={lines((curves) => latencyLines(curves, hidden, quantile))}
        formatValue={(value) => formatDuration(value * 1000)}
      />
    </div>
  );
}
