import type { RequestSummary } from "@msec/api/console/v1/telemetry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Select, Switch } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { codeName } from "../../lib/code-name.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatAge, formatClock, formatDateTime, formatDuration } from "../../lib/format.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { Icon } from "../../ui/icon.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Mark, Status } from "../../ui/status-mark.tsx";
import { servicesQuery } from "../service/queries.ts";
import { shortMethod } from "./flow-graph.ts";
import { recentRequestsQuery } from "./queries.ts";
import { shortRequestId } from "./request-id.ts";
import { type RequestsSearch, requestLimits } from "./requests-search.ts";
import "./requests-page.css";

/** What the list shows and how its controls change the address. */
export interface RequestsPageProps {
  readonly search: RequestsSearch;
  readonly onSearch: (search: RequestsSearch) => void;
}

/** The newest requests; a click opens the flow of one. */
export function RequestsPage({ search, onSearch }: RequestsPageProps) {
  const { t } = useTranslation();
  const api = useApi();
  const [live, setLive] = useState(true);
  const services = useQuery(servicesQuery(api));
  const limit = search.limit ?? requestLimits[0];
  const filter = {
    service: search.service ?? "",
    method: search.method ?? "",
    failedOnly: search.failed ?? false,
    fromMs: search.from ?? 0,
    toMs: search.to ?? 0,
    slowest: search.order === "slowest",
    limit,
  };
  const ranged = search.from !== undefined && search.to !== undefined;
  const requests = useQuery(recentRequestsQuery(api, filter, live && !ranged));
  const names = services.data?.services.map((service) => service.name) ?? [];
  const list = requests.data?.requests ?? [];
  const filtered = search.service !== undefined || search.failed === true || ranged || search.method !== undefined;
  const set = (change: { service?: string; failed?: boolean; limit?: number; slowest?: boolean }) => {
    const { slowest = filter.slowest, ...rest } = change;
    const next = { ...search, ...rest };
    onSearch({
      ...(next.method !== undefined && change.service === undefined ? { method: next.method } : {}),
      ...(ranged ? { from: search.from!, to: search.to! } : {}),
      ...(ranged && slowest ? { order: "slowest" as const } : {}),
      ...(next.service ? { service: next.service } : {}),
      ...(next.failed ? { failed: true as const } : {}),
      ...(next.limit !== undefined ? { limit: next.limit } : {}),
    });
  };
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>{t("requests.title")}</h1>
          <p className="lead">{t("requests.lead")}</p>
        </div>
      </div>
      <Panel
        title={t(filter.slowest ? "requests.slowest" : "requests.newest")}
        count={list.length}
        tools={
          <>
            {ranged && <RangeFilter search={search} onSearch={onSearch} />}
            {ranged && (
              <span className="row-flex">
                <Switch
                  size="small"
                  checked={filter.slowest}
                  aria-labelledby="slowest-first"
                  onChange={(slowest) => set({ slowest })}
                />
                <span id="slowest-first">{t("requests.slowest")}</span>
              </span>
            )}
            <Select
              size="small"
              style={{ width: 190 }}
              aria-label={t("requests.service")}
              value={search.service ?? ""}
              showSearch
              options={[
                { value: "", label: t("requests.anyService") },
                ...names.map((name) => ({ value: name, label: name })),
              ]}
              onChange={(service) => set({ service })}
            />
            <span className="row-flex">
              <Switch
                size="small"
                checked={search.failed ?? false}
                aria-labelledby="failed-only"
                onChange={(failed) => set({ failed })}
              />
              <span id="failed-only">{t("requests.failedOnly")}</span>
            </span>
            {!ranged && (
              <button type="button" className="bare" aria-pressed={!live} onClick={() => setLive(!live)}>
                <Icon name={live ? "pause" : "play"} size={14} />
                {t(live ? "action.pause" : "action.resume")}
              </button>
            )}
          </>
        }
      >
        {requests.isPending && <Loading label={t("requests.title")} lines={8} />}
        {requests.isError && (
          <FailureNotice error={requests.error} onRetry={requests.refetch} besideData={list.length > 0} />
        )}
        {requests.data !== undefined && list.length === 0 && (
          <Notice title={t(filtered ? "requests.noMatchTitle" : "requests.emptyTitle")}>
            {t(filtered ? "requests.noMatchTodo" : "requests.emptyTodo")}
          </Notice>
        )}
        {list.length > 0 && <RequestTable requests={list} />}
        {list.length >= limit && limit < requestLimits[3] && (
          <div className="table-foot">
            <Button size="small" onClick={() => set({ limit: requestLimits.find((one) => one > limit) ?? limit })}>
              {t("requests.more")}
            </Button>
          </div>
        )}
      </Panel>
    </div>
  );
}

/** The time and method that the page was opened for, and the way back to any. */
function RangeFilter({ search, onSearch }: RequestsPageProps) {
  const { t } = useTranslation();
  const { from, to, method, order: _, ...rest } = search;
  const time = `${formatDateTime(from!).slice(5, -3)} – ${formatDateTime(to!).slice(11, -3)}`;
  return (
    <span className="tag">
      {time}
      {method !== undefined && ` · ${t("requests.ofMethod", { method: shortMethod(method) })}`}
      <button
        type="button"
        className="bare"
        style={{ minWidth: 16, height: 16, padding: 0 }}
        aria-label={t("requests.anyTime")}
        title={t("requests.anyTime")}
        onClick={() => onSearch(rest)}
      >
        ×
      </button>
    </span>
  );
}

function RequestTable({ requests }: { requests: readonly RequestSummary[] }) {
  const { t } = useTranslation();
  const slowest = Math.max(...requests.map((request) => request.durationUs));
  return (
    <div className="scroll-x">
      <table className="grid requests" aria-label={t("requests.newest")}>
        <thead>
          <tr>
            <th>{t("column.time")}</th>
            <th>{t("column.requestId")}</th>
            <th>{t("column.method")}</th>
            <th>{t("column.path")}</th>
            <th className="num col-wide">{t("column.spans")}</th>
            <th>{t("column.result")}</th>
            <th className="num">{t("column.duration")}</th>
            <th className="track">
              <span className="visually-hidden">{t("column.duration")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {requests.map((request) => (
            <RequestRow key={request.requestId} request={request} slowestUs={slowest} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RequestRow({ request, slowestUs }: { request: RequestSummary; slowestUs: number }) {
  const language = useLanguage();
  const now = useNow();
  const startMs = request.startUs / 1000;
  return (
    <tr className="row">
      <td title={`${formatDateTime(startMs)} · ${formatAge(now - startMs, language)}`} className="mono">
        {formatClock(startMs, true)}
      </td>
      <td>
        <Link to="/requests/$id" params={{ id: request.requestId }} className="mono link" title={request.requestId}>
          {shortRequestId(request.requestId)}
        </Link>
      </td>
      <td title={request.method}>{shortMethod(request.method)}</td>
      <td className="where">
        <ServicePath services={request.services.length > 0 ? request.services : [request.service]} />
      </td>
      <td className="num col-wide">{request.spans}</td>
      <td>
        <Result code={request.code} failures={request.failures} />
      </td>
      <td className="num">{formatDuration(request.durationUs)}</td>
      <td className="duration track">
        <i
          className={request.code === 0 ? "" : "fail"}
          style={{ width: `${Math.max(2, (request.durationUs / slowestUs) * 76)}px`, display: "inline-block" }}
        />
      </td>
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
