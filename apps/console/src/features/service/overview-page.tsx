import type { Service } from "@msec/api/console/v1/registry_pb.js";
import { ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { CallSide } from "@msec/api/console/v1/telemetry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { isNoAnswer } from "../../lib/failure.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatDuration, formatPercent, formatRate } from "../../lib/format.ts";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { SortHead } from "../../ui/sort-head.tsx";
import { Sparkline } from "../../ui/sparkline.tsx";
import { Status, StatusMark } from "../../ui/status-mark.tsx";
import { type Calls, callsQuery } from "../call/queries.ts";
import { AddServiceButton } from "./add-service.tsx";
import { healthMark } from "./health-mark.ts";
import { type OverviewRow, type OverviewSort, overviewRows } from "./overview-sort.ts";
import { servicesQuery } from "./queries.ts";
import { countInstances, Health, serviceHealth, takesCalls } from "./service-health.ts";
import "./overview-page.css";

const STEP_S = 10;
const LAST_MINUTE = 60 / STEP_S;
// Failures below this are a number, from here on they are red.
const ALARMING = 0.01;
const SPAN_MS = 15 * 60_000;

/** What the table is sorted by. */
export interface OverviewPageProps {
  readonly sort: OverviewSort;
  readonly onSort: (sort: OverviewSort) => void;
}

/** The table of all services with what each did in the last minute. */
export function OverviewPage({ sort, onSort }: OverviewPageProps) {
  const { t } = useTranslation();
  const api = useApi();
  const services = useQuery(servicesQuery(api));
  const calls = useQuery(callsQuery(api, { service: "", spanMs: SPAN_MS, stepS: STEP_S, pollMs: 5000 }));
  const list = services.data?.services ?? [];
  // External services count nothing themselves: their callers do.
  const toExternal = useQuery({
    ...callsQuery(api, { service: "", side: CallSide.CLIENT, spanMs: SPAN_MS, stepS: STEP_S, pollMs: 5000 }),
    enabled: list.some((service) => service.kind === ServiceKind.EXTERNAL),
  });
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("overview.title")}</h1>
        <span className="overview-tools">
          <HealthSummary services={list} />
          <AddServiceButton />
        </span>
      </div>
      {services.isPending && <Loading label={t("overview.title")} />}
      {services.data !== undefined && list.length === 0 && (
        <section className="panel">
          <Notice title={t("overview.emptyTitle")}>{t("overview.emptyTodo")}</Notice>
        </section>
      )}
      {calls.isError && (calls.data === undefined || !isNoAnswer(calls.error)) && (
        <section className="panel">
          <FailureNotice error={calls.error} onRetry={calls.refetch} />
        </section>
      )}
      {[ServiceKind.STANDARD, ServiceKind.EXTERNAL].map((kind) => {
        const members = list.filter(
          (service) => (service.kind === ServiceKind.EXTERNAL) === (kind === ServiceKind.EXTERNAL),
        );
        if (members.length === 0) return null;
        const title = kind === ServiceKind.EXTERNAL ? t("kind.external") : t("kind.standard");
        return (
          <Panel key={kind} title={title} count={members.length}>
            <ServiceTable
              services={members}
              calls={kind === ServiceKind.EXTERNAL ? toExternal.data : calls.data}
              title={title}
              sort={sort}
              onSort={onSort}
            />
          </Panel>
        );
      })}
    </div>
  );
}

function HealthSummary({ services }: { services: readonly Service[] }) {
  const { t } = useTranslation();
  const byHealth = Map.groupBy(services, serviceHealth);
  return (
    <ul className="health-summary">
      {Object.values(Health)
        .filter((health) => byHealth.has(health))
        .map((health) => (
          <li key={health}>
            <Status mark={healthMark[health]}>
              {byHealth.get(health)?.length} {t(`health.${health}`)}
            </Status>
          </li>
        ))}
    </ul>
  );
}

interface ServiceTableProps extends OverviewPageProps {
  readonly services: readonly Service[];
  readonly calls: Calls | undefined;
  readonly title: string;
}

function ServiceTable({ services, calls, title, sort, onSort }: ServiceTableProps) {
  const { t } = useTranslation();
  const rows = overviewRows(services, calls?.curves ?? [], LAST_MINUTE, sort);
  const common = { sort, onSort };
  return (
    <div className="scroll-x">
      <table className="grid overview" aria-label={title}>
        <thead>
          <tr>
            <SortHead {...common} by="name" text={t("column.service")} ascending />
            <SortHead {...common} by="health" text={t("column.health")} ascending />
            <th className="num">{t("column.inRouting")}</th>
            <th className="num col-wide">{t("column.outOfRouting")}</th>
            <th className="num">{t("column.running")}</th>
            <SortHead
              {...common}
              by="calls"
              text={t("column.callsPerSecond")}
              hint={t("overview.lastMinute")}
              numeric
            />
            <SortHead {...common} by="failed" text={t("column.failed")} hint={t("overview.lastMinute")} numeric />
            <SortHead {...common} by="p99" text={t("column.p99")} hint={t("overview.p99Hint")} numeric />
            <th>{t("overview.last15")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <ServiceRow key={row.service.name} row={row} loaded={calls !== undefined} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ServiceRow({ row, loaded }: { row: OverviewRow; loaded: boolean }) {
  const { t } = useTranslation();
  const { service, health, curve, totals } = row;
  const counts = countInstances(service.instances);
  const callable = takesCalls(service);
  return (
    <tr className="row">
      <td>
        <Link
          to="/services/$name"
          params={{ name: service.name }}
          className="service-link clipped"
          title={service.name}
        >
          {service.name}
        </Link>
      </td>
      <td>
        <span className="status">
          <StatusMark mark={healthMark[health]} />
          <span className="soft">{t(`health.${health}`)}</span>
        </span>
      </td>
      <td className="num">{callable ? counts.inRouting : <span className="zero">–</span>}</td>
      <td className={!callable || counts.total === counts.inRouting ? "num zero col-wide" : "num col-wide"}>
        {callable ? counts.total - counts.inRouting : "–"}
      </td>
      <td className={counts.running < counts.reported ? "num warn" : "num"}>
        {counts.reported === 0 ? <span className="zero">–</span> : `${counts.running} / ${counts.total}`}
      </td>
      <td className="num">{quiet(totals.calls === 0, callable && loaded ? formatRate(totals.calls / 60) : "–")}</td>
      <td className={totals.failureRatio >= ALARMING ? "num fail" : "num"}>
        {quiet(totals.failures === 0, formatPercent(totals.failureRatio))}
      </td>
      <td className="num">{quiet(totals.calls === 0, formatDuration(totals.worstP99Ms * 1000))}</td>
      <td>
        {curve !== undefined ? (
          <Sparkline
            values={curve.calls}
            failures={curve.failures}
            width={132}
            label={t("overview.sparkline", { service: service.name, rate: formatRate(totals.calls / 60) })}
          />
        ) : (
          <span className="zero">{loaded ? t("overview.noCalls") : ""}</span>
        )}
      </td>
    </tr>
  );
}

function quiet(isQuiet: boolean, text: string) {
  return isQuiet ? <span className="zero">{text}</span> : text;
}
