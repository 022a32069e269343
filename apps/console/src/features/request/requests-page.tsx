import { Code } from "@connectrpc/connect";
import type { FoundRequest } from "@msec/api/console/v1/requests_pb.js";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Input, InputNumber, Segmented, Select, Switch } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { codeName } from "../../lib/code-name.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatAge, formatClock, formatDateTime, formatDuration, formatRange, isSameDay } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { Icon } from "../../ui/icon.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Mark, Status } from "../../ui/status-mark.tsx";
import { ExpressionBox } from "../log/expression-box.tsx";
import { type LogRange, logRanges } from "../log/logs-search.ts";
import { ServiceSelect } from "../service/service-select.tsx";
import { useMonitoringOnly } from "../session/queries.ts";
import { shortMethod } from "./flow-graph.ts";
import { requestPagesQuery } from "./queries.ts";
import { shortRequestId } from "./request-id.ts";
import { isNarrowed, type RequestsSearch, rangeName } from "./requests-search.ts";
import "../log/logs.css";
import "./requests-page.css";

/** What the list shows and how its controls change the address. */
export interface RequestsPageProps {
  readonly search: RequestsSearch;
  readonly onSearch: (search: RequestsSearch) => void;
}

type Change = { readonly [K in keyof RequestsSearch]?: RequestsSearch[K] | undefined };

/** Requests by what is known of their calls, the newest or the slowest first; a click opens the flow of one. */
export function RequestsPage({ search, onSearch }: RequestsPageProps) {
  const { t } = useTranslation();
  const api = useApi();
  const live = search.paused === undefined;
  const isOpen = search.from === undefined && search.order === undefined;
  const pages = useInfiniteQuery(requestPagesQuery(api, search, live && isOpen));
  const list = pages.data?.pages.flatMap((page) => page.requests) ?? [];
  const set = (change: Change) => {
    // Another question is asked now, not at the time of a pause.
    const entries = Object.entries({ ...search, paused: undefined, ...change }).filter(
      ([, value]) => value !== undefined && value !== "",
    );
    onSearch(Object.fromEntries(entries) as RequestsSearch);
  };
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>{t("requests.title")}</h1>
          <p className="lead">{t("requests.lead")}</p>
        </div>
      </div>
      <Filters search={search} onChange={set} />
      <ExpressionBox where={search.where ?? ""} onWhere={(where) => set({ where })} />
      <Panel
        title={t(search.order === "slowest" ? "requests.slowest" : "requests.newest")}
        count={list.length}
        tools={
          <>
            {(isNarrowed(search) || search.from !== undefined) && (
              <Button size="small" onClick={() => onSearch(search.order === undefined ? {} : { order: search.order })}>
                {t("find.clear")}
              </Button>
            )}
            <Segmented
              size="small"
              aria-label={t("find.order")}
              value={search.order ?? "newest"}
              options={[
                { value: "newest", label: t("requests.newest") },
                { value: "slowest", label: t("requests.slowest") },
              ]}
              onChange={(order) => set({ order: order === "slowest" ? "slowest" : undefined })}
            />
            {isOpen && (
              <button
                type="button"
                className="bare"
                aria-pressed={!live}
                onClick={() => set({ paused: live ? shownUntil(list) : undefined })}
              >
                <Icon name={live ? "pause" : "play"} size={14} />
                {t(live ? "action.pause" : "action.resume")}
              </button>
            )}
          </>
        }
      >
        {pages.isPending && <Loading label={t("requests.title")} lines={8} />}
        {pages.isError && <FailureNotice error={pages.error} onRetry={pages.refetch} besideData={list.length > 0} />}
        {pages.data !== undefined && list.length === 0 && <Nothing search={search} />}
        {list.length > 0 && <RequestTable requests={list} withCall={isNarrowed(search)} />}
        {pages.hasNextPage && (
          <div className="table-foot">
            <Button size="small" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
              {t("requests.more")}
            </Button>
            <span className="muted">
              {search.order !== "slowest" &&
                t("find.searchedTo", { time: formatDateTime(pages.data?.pages.at(-1)?.searchedToMs ?? 0) })}
            </span>
          </div>
        )}
      </Panel>
    </div>
  );
}

/** The end of what is shown, milliseconds since 1970 UTC. */
function shownUntil(list: readonly FoundRequest[]): number {
  const newestUs = Math.max(0, ...list.map(({ call }) => call?.startUs ?? 0));
  return newestUs === 0 ? Math.floor(serverNow()) : Math.floor(newestUs / 1_000) + 1;
}

function Nothing({ search }: { search: RequestsSearch }) {
  const { t } = useTranslation();
  const filtered = isNarrowed(search) || search.from !== undefined;
  const onlyMonitors = useMonitoringOnly() !== undefined;
  return (
    <Notice title={t(filtered ? "requests.noMatchTitle" : "requests.emptyTitle")}>
      {t(filtered ? "find.noMatchTodo" : onlyMonitors ? "monitoring.requestsEmpty" : "requests.emptyTodo")}
    </Notice>
  );
}

// Those that gRPC knows, OK among them.
const codes = [0, ...Object.values(Code).filter((code): code is Code => typeof code === "number")];

function Filters({ search, onChange }: { search: RequestsSearch; onChange: (change: Change) => void }) {
  const { t } = useTranslation();
  return (
    <div className="log-filters request-filters">
      <ServiceSelect
        label={t("requests.service")}
        any={t("requests.anyService")}
        value={search.service}
        onChange={(service) => onChange({ service })}
      />
      <TextFilter name="method" width={190} value={search.method} onChange={onChange} />
      <TextFilter name="caller" width={150} value={search.caller} onChange={onChange} />
      <TextFilter name="callerInstance" width={180} value={search.callerInstance} onChange={onChange} />
      <TextFilter name="instance" width={150} value={search.instance} onChange={onChange} />
      <TextFilter name="host" width={110} value={search.host} onChange={onChange} />
      <Select
        style={{ width: 170 }}
        aria-label={t("column.result")}
        value={search.code ?? -1}
        options={[
          { value: -1, label: t("find.anyResult") },
          ...codes.map((code) => ({ value: code, label: codeName(code) })),
        ]}
        onChange={(code) => onChange({ code: code < 0 ? undefined : code })}
      />
      <span className="row-flex nowrap">
        <DurationFilter name="min" value={search.min} onChange={onChange} />–
        <DurationFilter name="max" value={search.max} onChange={onChange} />
        <span className="muted">ms</span>
      </span>
      <RangeFilter search={search} onChange={onChange} />
      <span className="row-flex">
        <Switch
          size="small"
          checked={search.failed ?? false}
          aria-labelledby="failed-only"
          onChange={(failed) => onChange({ failed: failed ? true : undefined })}
        />
        <span id="failed-only">{t("requests.failedOnly")}</span>
      </span>
    </div>
  );
}

function RangeFilter({ search, onChange }: { search: RequestsSearch; onChange: (change: Change) => void }) {
  const { t } = useTranslation();
  const own = formatRange(search.from ?? 0, search.to ?? 0, true);
  return (
    <Select
      style={{ width: search.from === undefined ? 150 : 310 }}
      aria-label={t("logs.range")}
      value={rangeName(search)}
      options={[
        ...Object.keys(logRanges).map((range) => ({ value: range, label: t(`logs.ranges.${range as LogRange}`) })),
        ...(search.from === undefined ? [] : [{ value: "own", label: own }]),
      ]}
      onChange={(range) => {
        if (range !== "own") onChange({ range: range as LogRange, from: undefined, to: undefined });
      }}
    />
  );
}

interface TextFilterProps {
  readonly name: "method" | "caller" | "callerInstance" | "instance" | "host";
  readonly width: number;
  readonly value: string | undefined;
  readonly onChange: (change: Change) => void;
}

/** Counts from Enter, or from when it is left. */
function TextFilter({ name, width, value = "", onChange }: TextFilterProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  const settle = () => {
    if (draft.trim() !== value) onChange({ [name]: draft.trim() });
  };
  return (
    <Input
      style={{ width }}
      value={draft}
      allowClear
      maxLength={256}
      placeholder={t(`find.${name}`)}
      aria-label={t(`find.${name}`)}
      onChange={(event) => {
        setDraft(event.target.value);
        if (event.target.value === "" && value !== "") onChange({ [name]: undefined });
      }}
      onBlur={settle}
      onPressEnter={settle}
    />
  );
}

interface DurationFilterProps {
  readonly name: "min" | "max";
  readonly value: number | undefined;
  readonly onChange: (change: Change) => void;
}

function DurationFilter({ name, value, onChange }: DurationFilterProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<number | null>(value ?? null);
  useEffect(() => setDraft(value ?? null), [value]);
  const settle = () => {
    if ((draft ?? undefined) !== value) onChange({ [name]: draft || undefined });
  };
  return (
    <InputNumber
      style={{ width: 84 }}
      min={0}
      max={4_000_000}
      controls={false}
      value={draft}
      placeholder={t(`find.${name}`)}
      aria-label={t(`find.${name}Label`)}
      onChange={setDraft}
      onBlur={settle}
      onPressEnter={settle}
    />
  );
}

/** @param withCall beside each request the call in it that was found */
function RequestTable({ requests, withCall }: { requests: readonly FoundRequest[]; withCall: boolean }) {
  const { t } = useTranslation();
  const slowest = Math.max(1, ...requests.map(({ summary }) => summary?.durationUs ?? 0));
  return (
    <div className="scroll-x">
      <table className="grid requests" aria-label={t("requests.newest")}>
        <thead>
          <tr>
            <th>{t("column.time")}</th>
            <th>{t("column.requestId")}</th>
            <th className={withCall ? "col-wide" : undefined}>{t("column.method")}</th>
            {withCall && <th>{t("find.call")}</th>}
            <th className={withCall ? "col-wide" : undefined}>{t("column.path")}</th>
            <th className="num col-wide">{t("column.spans")}</th>
            <th>{t("column.result")}</th>
            <th className="num">{t("column.duration")}</th>
            {!withCall && (
              <th className="track">
                <span className="visually-hidden">{t("column.duration")}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {requests.map((request) => (
            <RequestRow key={request.summary?.requestId} found={request} slowestUs={slowest} withCall={withCall} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RequestRow({ found, slowestUs, withCall }: { found: FoundRequest; slowestUs: number; withCall: boolean }) {
  const language = useLanguage();
  const now = useNow();
  const { summary: request, call } = found;
  if (request === undefined || call === undefined) return null;
  const startMs = request.startUs / 1000;
  return (
    <tr className="row">
      <td title={`${formatDateTime(startMs)} · ${formatAge(now - startMs, language)}`} className="mono">
        {!isSameDay(startMs, now) && `${formatDateTime(startMs).slice(5, 11)}`}
        {formatClock(startMs, true)}
      </td>
      <td>
        <Link to="/requests/$id" params={{ id: request.requestId }} className="mono link" title={request.requestId}>
          {shortRequestId(request.requestId)}
        </Link>
      </td>
      <td title={request.method} className={withCall ? "col-wide" : undefined}>
        <span className="clipped">{shortMethod(request.method)}</span>
      </td>
      {withCall && (
        <td title={`${call.service} ${call.instance} ${call.method}`} className="nowrap">
          <span className="clipped">{shortMethod(call.method)}</span>{" "}
          <span className={call.code === 0 ? "muted" : "fail"}>
            {formatDuration(call.durationUs)}
            {call.code !== 0 && ` ${codeName(call.code)}`}
          </span>
        </td>
      )}
      <td className={withCall ? "where col-wide" : "where"}>
        <ServicePath services={request.services.length > 0 ? request.services : [request.service]} />
      </td>
      <td className="num col-wide">{request.spans}</td>
      <td>
        <Result code={request.code} failures={request.failures} />
      </td>
      <td className="num">{formatDuration(request.durationUs)}</td>
      {!withCall && (
        <td className="duration track">
          <i
            className={request.code === 0 ? "" : "fail"}
            style={{ width: `${Math.max(2, (request.durationUs / slowestUs) * 76)}px`, display: "inline-block" }}
          />
        </td>
      )}
    </tr>
  );
}

// The ends of a path say the most.
const PATH_START = 2;
const PATH_MAX = 4;

function ServicePath({ services }: { services: readonly string[] }) {
  const hidden = services.length > PATH_MAX ? services.length - PATH_START - 1 : 0;
  const shown =
    hidden > 0 ? [...services.slice(0, PATH_START), `+${hidden}`, ...services.slice(PATH_START + hidden)] : services;
  return (
    <span className="path" title={services.join(" › ")}>
      {shown.map((service, index) => (
        <span key={service} className="path">
          {index > 0 && <Icon name="chevron" size={11} />}
          <span className={service.startsWith("+") ? "muted" : ""}>{service}</span>
        </span>
      ))}
    </span>
  );
}

function Result({ code, failures }: { code: number; failures: number }) {
  const { t } = useTranslation();
  if (code !== 0) {
    return (
      <span className="fail">
        <Status mark={Mark.Fail}>{codeName(code)}</Status>
      </span>
    );
  }
  if (failures > 0) return <Status mark={Mark.Warn}>{t("requests.failedInside", { count: failures })}</Status>;
  return <Status mark={Mark.Ok}>OK</Status>;
}
