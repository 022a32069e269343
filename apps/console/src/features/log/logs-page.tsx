import type { LogLine } from "@msec/api/console/v1/logs_pb.js";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Dropdown, Input, Select, Switch } from "antd";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatCount, formatDateTime, formatRange } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { useComplaint } from "../../lib/use-complaint.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { Icon } from "../../ui/icon.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Mark } from "../../ui/status-mark.tsx";
import { ServiceSelect } from "../service/service-select.tsx";
import { useMonitoringOnly } from "../session/queries.ts";
import { EXPORT_LINES, exportLogs } from "./export-logs.ts";
import { ExpressionBox } from "./expression-box.tsx";
import { LogDetail } from "./log-detail.tsx";
import { LogHistogram } from "./log-histogram.tsx";
import { LogTable } from "./log-table.tsx";
import { shiftedRange, type TimeRange, widerRange } from "./log-time.ts";
import {
  defaultColumns,
  type LogColumn,
  type LogRange,
  type LogsSearch,
  linePlace,
  linePlaceFrom,
  logColumns,
  logLevels,
  logRanges,
  questionOf,
  withCondition,
} from "./logs-search.ts";
import { expressionQuery, filterFrom, logCountsQuery, logPagesQuery } from "./queries.ts";
import { TimeJump } from "./time-jump.tsx";
import { useTail } from "./use-tail.ts";
import "./logs.css";

/** What the page shows and how its controls change the address. */
export interface LogsPageProps {
  readonly search: LogsSearch;
  /** @param replaces  the step before is no place to come back to */
  readonly onSearch: (search: LogsSearch, replaces: boolean) => void;
}

// Beyond, the place is found faster by a smaller range than by more pages.
const JUMP_PAGES = 10;

const columnFilters: Readonly<Record<string, keyof LogsSearch>> = {
  service: "service",
  instance: "instance",
  host: "host",
  request: "request",
};

/** Log lines of all services: found, counted, followed. */
export function LogsPage({ search, onSearch }: LogsPageProps) {
  const { t } = useTranslation();
  const api = useApi();
  const complain = useComplaint();
  const { message } = App.useApp();
  const live = search.paused === undefined;
  const [refresh, setRefresh] = useState(0);
  const isOpen = search.from === undefined;
  // The end of a range that ends now stands still until something else is asked for: new lines come by following.
  // Who comes by a link to a page that stands still sees what stood there, until it is searched again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new question is a new end
  const filter = useMemo(
    () => filterFrom(refresh === 0 ? search : withoutPause(search), Math.floor(serverNow())),
    [JSON.stringify(questionOf(search)), refresh],
  );
  const pages = useInfiniteQuery(logPagesQuery(api, filter));
  const counts = useQuery(logCountsQuery(api, filter));
  const tail = useTail(filter, live && isOpen && pages.isSuccess);
  const lines = useMemo(() => {
    const found = pages.data?.pages.flatMap((page) => page.lines) ?? [];
    const known = new Set(found.slice(0, 5_000).map(({ id }) => id));
    return [...tail.filter(({ id }) => !known.has(id)), ...found];
  }, [pages.data, tail]);
  const searchedTo = pages.data?.pages.at(-1)?.searchedToMs ?? 0;
  // Dyeing works by marks that only services on msec hand on.
  const onlyMonitors = useMonitoringOnly() !== undefined;
  const columns = search.columns ?? defaultColumns;
  const change = (change: { readonly [K in keyof LogsSearch]?: LogsSearch[K] | undefined }, replaces: boolean) => {
    const next = { ...search, ...change };
    onSearch(
      Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined && value !== "")) as LogsSearch,
      replaces,
    );
  };
  // Another question is asked now, not at the time of a pause.
  const set: FiltersProps["onChange"] = (next) => change({ line: undefined, paused: undefined, ...next }, false);
  const show: FiltersProps["onChange"] = (next) => change(next, true);
  const place = linePlaceFrom(search.line);
  const shown = { from: filter.fromMs, to: Math.min(filter.toMs, Math.floor(serverNow())) };
  const later = isOpen ? undefined : shiftedRange(shown, 1, serverNow());
  const showRange = (range: TimeRange | undefined) =>
    set({ from: range?.from, to: range?.to, at: undefined, range: range === undefined ? search.range : undefined });
  const choose = (line: LogLine | undefined) => show({ line: line && linePlace(line) });
  const narrow = (name: string, value: string) => {
    const own = columnFilters[name];
    set(own === undefined ? { where: withCondition(search.where, name, value) } : { [own]: value });
  };
  const more = () => {
    if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
  };
  // The moment that was jumped to may lie below the first page.
  const at = pages.isPlaceholderData ? undefined : search.at;
  const isAbove = at !== undefined && (lines.at(-1)?.timeUs ?? 0) / 1_000 > at;
  const fetched = pages.data?.pages.length ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each page that came
  useEffect(() => {
    if (isAbove && fetched > 0 && fetched < JUMP_PAGES) more();
  }, [isAbove, fetched, at]);
  const problem = useQuery({ ...expressionQuery(api, search.where ?? "", useLanguage()), enabled: pages.isError }).data
    ?.problem;
  const save = async (kind: "ndjson" | "csv") => {
    const close = message.loading(t("logs.export.running"), 0);
    try {
      await exportLogs(api, filter, kind);
      const total = counts.data?.total ?? 0;
      if (total > EXPORT_LINES)
        void message.warning(t("logs.export.cut", { text: formatCount(EXPORT_LINES), total: formatCount(total) }), 8);
      else void message.success(t("logs.export.done", { text: formatCount(total) }));
    } catch (error) {
      complain(t("logs.export.failed"), error);
    } finally {
      close();
    }
  };
  return (
    <div className="page logs-page">
      <div className="page-head">
        <div>
          <h1>{t("logs.title")}</h1>
          <p className="lead">{t("logs.lead")}</p>
        </div>
        <span className="spacer" />
        {!onlyMonitors && (
          <Link className="link" to="/dyeing">
            {t("dyeing.title")}
          </Link>
        )}
        <Link className="link" to="/logs/fields">
          {t("logs.fieldsTitle")}
        </Link>
      </div>
      <Filters search={search} dyeing={!onlyMonitors} onChange={set} />
      <ExpressionBox where={search.where ?? ""} onWhere={(where) => set({ where })} />
      <Panel
        title={t("logs.lines")}
        count={counts.data === undefined ? undefined : formatCount(counts.data.total + tail.length)}
        tools={
          <>
            <span className="time-steps">
              <Button
                size="small"
                title={t("logs.earlier")}
                aria-label={t("logs.earlier")}
                onClick={() => showRange(shiftedRange(shown, -1, serverNow()))}
              >
                ‹
              </Button>
              <Button
                size="small"
                title={t("logs.later")}
                aria-label={t("logs.later")}
                disabled={isOpen}
                onClick={() => showRange(later)}
              >
                ›
              </Button>
              <Button
                size="small"
                title={t("logs.widerTells")}
                disabled={isOpen}
                onClick={() => showRange(widerRange(shown, serverNow()))}
              >
                {t("logs.wider")}
              </Button>
            </span>
            {!isOpen && (
              <Button size="small" onClick={() => showRange(undefined)}>
                {t("logs.wholeRange")}
              </Button>
            )}
            <button
              type="button"
              className="bare"
              disabled={!isOpen}
              aria-pressed={!live}
              // After the newest line that is shown: later ones may be of an earlier moment than now.
              onClick={() => show({ paused: live ? shownUntil(lines) : undefined })}
            >
              <Icon name={live && isOpen ? "pause" : "play"} size={14} />
              {t(live && isOpen ? "action.pause" : "action.resume")}
            </button>
            <Button
              size="small"
              onClick={() => {
                if (!live) show({ paused: Math.floor(serverNow()) });
                setRefresh(refresh + 1);
              }}
            >
              {t("logs.refresh")}
            </Button>
            <Columns
              columns={columns}
              onColumns={(next) => show({ columns: next.join() === defaultColumns.join() ? undefined : next })}
            />
            <Dropdown
              menu={{
                items: (["ndjson", "csv"] as const).map((kind) => ({
                  key: kind,
                  label: t(`logs.export.${kind}`),
                  onClick: () => void save(kind),
                })),
              }}
            >
              <Button size="small">{t("logs.export.title")}</Button>
            </Dropdown>
          </>
        }
      >
        {counts.data !== undefined && counts.data.total > 0 && (
          <LogHistogram
            counts={counts.data}
            at={search.at}
            onRange={(from, to) => showRange({ from: Math.round(from), to: Math.round(to) })}
          />
        )}
        {pages.isPending && <Loading label={t("logs.title")} lines={10} />}
        {pages.isError &&
          (problem === undefined ? (
            <FailureNotice error={pages.error} onRetry={pages.refetch} besideData={lines.length > 0} />
          ) : (
            <Notice mark={Mark.Fail} title={t("logs.oddTitle")}>
              {t("logs.oddTodo")}
            </Notice>
          ))}
        {pages.isSuccess && lines.length === 0 && <Nothing search={search} more={pages.hasNextPage} onMore={more} />}
        {lines.length > 0 && (
          <LogTable lines={lines} columns={columns} chosen={place?.id} at={search.at} onChoose={choose} onEnd={more} />
        )}
        {lines.length > 0 && (
          <div className="table-foot">
            <span className="muted">
              {t("logs.shown", { count: lines.length, text: formatCount(lines.length) })} ·{" "}
              {pages.hasNextPage ? t("logs.searchedTo", { time: formatDateTime(searchedTo) }) : t("logs.allShown")}
            </span>
            {pages.hasNextPage && (
              <Button size="small" loading={pages.isFetchingNextPage} onClick={more}>
                {t("logs.more")}
              </Button>
            )}
          </div>
        )}
      </Panel>
      <LogDetail
        place={place}
        known={lines.find(({ id }) => id === place?.id)}
        onClose={() => choose(undefined)}
        onFilter={narrow}
      />
    </div>
  );
}

/** The end of what is shown, milliseconds since 1970 UTC. */
function shownUntil([newest]: readonly LogLine[]): number {
  return newest === undefined ? Math.floor(serverNow()) : Math.floor(newest.timeUs / 1_000) + 1;
}

function withoutPause({ paused: _, ...search }: LogsSearch): LogsSearch {
  return search;
}

interface FiltersProps {
  /** Whether requests can be dyed here. */
  readonly dyeing: boolean;
  readonly search: LogsSearch;
  readonly onChange: (change: { readonly [K in keyof LogsSearch]?: LogsSearch[K] | undefined }) => void;
}

function Filters({ search, dyeing, onChange }: FiltersProps) {
  const { t } = useTranslation();
  return (
    <div className="log-filters">
      <ServiceSelect
        label={t("logs.column.service")}
        any={t("requests.anyService")}
        value={search.service}
        onChange={(service) => onChange({ service })}
      />
      <Select
        style={{ width: 120 }}
        aria-label={t("logs.column.level")}
        value={search.level ?? ""}
        options={[
          { value: "", label: t("logs.anyLevel") },
          ...logLevels.map((level) => ({ value: level, label: t("logs.fromLevel", { level }) })),
        ]}
        onChange={(level) => onChange({ level: logLevels.find((one) => one === level) })}
      />
      <Select
        style={{ width: search.from === undefined ? 140 : 310 }}
        aria-label={t("logs.range")}
        value={search.from === undefined ? (search.range ?? "1h") : "own"}
        options={[
          ...Object.keys(logRanges).map((range) => ({ value: range, label: t(`logs.ranges.${range as LogRange}`) })),
          ...(search.from === undefined
            ? []
            : [
                {
                  value: "own",
                  label: formatRange(search.from, search.to ?? 0, true),
                },
              ]),
        ]}
        onChange={(range) => {
          if (range !== "own") onChange({ range: range as LogRange, from: undefined, to: undefined, at: undefined });
        }}
      />
      <TimeJump onJump={(jump) => onChange({ range: undefined, ...jump })} />
      <TextFilter
        name="request"
        width={search.request === undefined ? 130 : 205}
        value={search.request}
        onChange={onChange}
      />
      <TextFilter name="host" width={90} value={search.host} onChange={onChange} />
      <TextFilter
        name="instance"
        width={search.instance === undefined ? 110 : 150}
        value={search.instance}
        onChange={onChange}
      />
      {dyeing && (
        <span className="row-flex">
          <Switch
            size="small"
            checked={search.dyed ?? false}
            aria-labelledby="dyed-only"
            onChange={(dyed) => onChange({ dyed: dyed || undefined })}
          />
          <span id="dyed-only">{t("logs.dyedOnly")}</span>
        </span>
      )}
    </div>
  );
}

function TextFilter({
  name,
  width,
  value,
  onChange,
}: {
  name: "request" | "host" | "instance";
  width: number;
  value: string | undefined;
  onChange: FiltersProps["onChange"];
}) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<string | undefined>();
  const take = () => {
    if (draft !== undefined) onChange({ [name]: draft.trim() });
    setDraft(undefined);
  };
  return (
    <Input
      style={{ width }}
      value={draft ?? value ?? ""}
      placeholder={t(`logs.column.${name}`)}
      aria-label={t(`logs.column.${name}`)}
      allowClear
      maxLength={256}
      onChange={(event) => (event.target.value === "" ? onChange({ [name]: undefined }) : setDraft(event.target.value))}
      onPressEnter={take}
      onBlur={take}
    />
  );
}

function Columns({
  columns,
  onColumns,
}: {
  columns: readonly LogColumn[];
  onColumns: (columns: readonly LogColumn[]) => void;
}) {
  const { t } = useTranslation();
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        selectable: true,
        multiple: true,
        selectedKeys: [...columns],
        items: logColumns.map((column) => ({ key: column, label: t(`logs.column.${column}`) })),
        onSelect: ({ selectedKeys }) => onColumns(logColumns.filter((column) => selectedKeys.includes(column))),
        onDeselect: ({ selectedKeys }) => onColumns(logColumns.filter((column) => selectedKeys.includes(column))),
      }}
    >
      <Button size="small">{t("logs.columns")}</Button>
    </Dropdown>
  );
}

function Nothing({ search, more, onMore }: { search: LogsSearch; more: boolean; onMore: () => void }) {
  const { t } = useTranslation();
  const { range: _range, ...filters } = questionOf(search);
  const filtered = Object.keys(filters).length > 0;
  const [noMatch, empty] =
    useMonitoringOnly() === undefined
      ? (["logs.noMatchTodo", "logs.emptyTodo"] as const)
      : (["monitoring.logsNoMatch", "monitoring.logsEmpty"] as const);
  return (
    <Notice
      title={t(filtered ? "logs.noMatchTitle" : "logs.emptyTitle")}
      actions={
        more && (
          <Button size="small" onClick={onMore}>
            {t("logs.searchOn")}
          </Button>
        )
      }
    >
      {t(filtered ? noMatch : empty)}
    </Notice>
  );
}
