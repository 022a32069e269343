import type { Attribute } from "@msec/api/console/v1/metrics_pb.js";
import type { MonitoringOnly } from "@msec/api/console/v1/session_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureKind, failureFrom } from "../../lib/failure.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { chosenRange } from "../../lib/own-range.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Mark } from "../../ui/status-mark.tsx";
import { servicesQuery } from "../service/queries.ts";
import { useMonitoringOnly } from "../session/queries.ts";
import { HowToReport } from "./how-to-report.tsx";
import type { CardActions } from "./metric-card.tsx";
import { MetricGrid } from "./metric-grid.tsx";
import { MinuteTable } from "./minute-table.tsx";
import { CurveSplit, changeSearch, hiddenCurve, MonitorRange, type MonitorSearch } from "./monitor-search.ts";
import { MonitorForm, MonitorTimes } from "./monitor-tools.tsx";
import { attributesQuery, reportersQuery } from "./queries.ts";
import { SplitGrid } from "./split-grid.tsx";
import "../call/charts.css";
import "./monitor.css";

/** What the page shows and how its controls change the address. */
export interface MonitorPageProps {
  readonly search: MonitorSearch;
  readonly onSearch: (search: MonitorSearch) => void;
}

/** Curves of whatever hosts, the framework and developers report. */
export function MonitorPage({ search, onSearch }: MonitorPageProps) {
  const { t } = useTranslation();
  const attributes = useQuery(attributesQuery(useApi(), search));
  const list = attributes.data?.attributes ?? [];
  const actions = useCardActions(search, onSearch);
  const choices = useChoices(search);
  const doors = useMonitoringOnly();
  const nobody = useQuery(servicesQuery(useApi())).data?.services.length === 0;
  if (doors !== undefined && nobody && list.length === 0 && !attributes.isPending)
    return <NobodyReports doors={doors} />;
  const alone = list.length === 1 && search.split !== undefined ? list[0] : undefined;
  return (
    <div className="page monitor">
      <div className="page-head">
        <div>
          <h1>{t("monitor.title")}</h1>
          <p className="lead">{t("monitor.lead")}</p>
        </div>
        <span className="monitor-links">
          {search.service !== undefined && (
            <>
              <Link to="/services/$name/curves" params={{ name: search.service }} search={{}} className="link">
                {t("monitor.calls")}
              </Link>
              <Link to="/logs" search={{ service: search.service }} className="link">
                {t("nav.logs")}
              </Link>
            </>
          )}
          <Link to="/monitor/reporting" className="link">
            {t("monitoring.how")}
          </Link>
          <Link to="/monitor/retention" className="link">
            {t("retention.title")}
          </Link>
        </span>
      </div>
      <MonitorForm search={search} choices={choices} onSearch={onSearch} />
      <MonitorTimes search={search} onSearch={onSearch} />
      {attributes.isPending && <Loading label={t("monitor.title")} lines={8} />}
      {attributes.isError && isPatternRefused(attributes.error, search) && (
        <section className="panel">
          <Notice
            mark={Mark.Fail}
            role="alert"
            title={t("monitor.badPattern", { pattern: search.names?.slice(0, 80) ?? "" })}
            detail={failureFrom(attributes.error).detail}
          >
            {t("monitor.badPatternTodo")}
          </Notice>
        </section>
      )}
      {attributes.isError && !isPatternRefused(attributes.error, search) && (
        <FailureNotice error={attributes.error} onRetry={attributes.refetch} besideData={list.length > 0} />
      )}
      {attributes.data !== undefined && !attributes.isError && list.length === 0 && (
        <section className="panel">
          <Notice
            title={t("monitor.emptyTitle")}
            actions={
              <Link to="/monitor/reporting" className="link">
                {t("monitoring.how")}
              </Link>
            }
          >
            {t("monitor.emptyTodo")}
          </Notice>
        </section>
      )}
      {search.table !== undefined && (
        <MinuteTable
          key={search.table}
          search={search}
          name={search.table}
          attribute={list.find(({ name }) => name === search.table)}
          onZeros={(zeros) => onSearch(changeSearch(search, { zeros: zeros || undefined }))}
          onClose={() => onSearch(changeSearch(search, { table: undefined, zeros: undefined }))}
        />
      )}
      {list.length > 0 && (
        <div className="monitor-body">
          {alone === undefined ? (
            <MetricGrid search={search} attributes={list} actions={actions} />
          ) : (
            <SplitGrid search={search} attribute={alone} actions={actions} />
          )}
          {list.length > 3 && <AttributeList attributes={list} />}
        </div>
      )}
    </div>
  );
}

/** What cannot be read is not read the second time either. */
function isPatternRefused(error: unknown, { names = "" }: MonitorSearch): boolean {
  return names.startsWith("^") && failureFrom(error).kind === FailureKind.Refused;
}

/** The first page of a server that only monitors, as long as there is nothing to watch. */
function NobodyReports({ doors }: { doors: MonitoringOnly }) {
  const { t } = useTranslation();
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>{t("monitor.title")}</h1>
          <p className="lead">{t("monitoring.emptyLead")}</p>
        </div>
      </div>
      <HowToReport doors={doors} />
    </div>
  );
}

/** What the links under a chart do; the same object as long as the page lives, so that charts are not drawn again. */
function useCardActions(search: MonitorSearch, onSearch: (search: MonitorSearch) => void): CardActions {
  const latest = useRef({ search, onSearch });
  latest.current = { search, onSearch };
  const change = useCallback((next: Parameters<typeof changeSearch>[1]) => {
    latest.current.onSearch(changeSearch(latest.current.search, next));
  }, []);
  // What is asked for stands at the top of the page.
  const show = useCallback(
    (next: Parameters<typeof changeSearch>[1]) => {
      change(next);
      window.scrollTo?.({ top: 0 });
    },
    [change],
  );
  const toggle = useCallback((name: string, line: string) => {
    const { search, onSearch } = latest.current;
    const curve = hiddenCurve(name, line);
    const { hide = [] } = search;
    const next = hide.includes(curve) ? hide.filter((one) => one !== curve) : [...hide, curve];
    onSearch(changeSearch(search, { hide: next.length > 0 ? next : undefined }));
  }, []);
  return useMemo(
    () => ({
      split: (name) => show({ names: name, split: CurveSplit.Instance, table: undefined }),
      table: (table) => show({ table }),
      week: (name) =>
        show({
          names: name,
          range: MonitorRange.Week,
          from: undefined,
          until: weekEnd(latest.current.search),
          table: name,
        }),
      toggle,
      zoom: (fromMs, toMs) => change({ range: undefined, ...chosenRange(fromMs, toMs, serverNow()) }),
    }),
    [change, show, toggle],
  );
}

/** A range of one's own may end anywhere: its week is the newest one. */
function weekEnd({ from, until }: MonitorSearch): number | undefined {
  return from === undefined ? until : undefined;
}

function useChoices(search: MonitorSearch) {
  const api = useApi();
  const registered = useQuery(servicesQuery(api));
  const all = useQuery(reportersQuery(api, "", search));
  const own = useQuery({ ...reportersQuery(api, search.service ?? "", search), enabled: search.service !== undefined });
  return useMemo(() => {
    const everybody = all.data?.reporters ?? [];
    const reporters = search.service === undefined ? everybody : (own.data?.reporters ?? []);
    const names = [
      ...(registered.data?.services.map(({ name }) => name) ?? []),
      ...everybody.map(({ service }) => service),
    ];
    return {
      services: sorted(names),
      hosts: sorted((search.service === undefined ? everybody : reporters).map(({ host }) => host)),
      instances: sorted(
        reporters
          .filter(({ host }) => search.host === undefined || host === search.host)
          .map(({ instance }) => instance),
      ),
    };
  }, [registered.data, all.data, own.data, search.service, search.host]);
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => name !== "").sort();
}

/** The names of all charts: a click goes to one. */
function AttributeList({ attributes }: { attributes: readonly Attribute[] }) {
  const { t } = useTranslation();
  const go = (name: string) =>
    document.getElementById(`attribute-${name}`)?.scrollIntoView({ behavior: "smooth", block: "center" });
  return (
    <nav className="attribute-list" aria-label={t("monitor.attributes")}>
      <h2>
        {t("monitor.attributes")} <span className="muted">{attributes.length}</span>
      </h2>
      <ul>
        {attributes.map(({ name }) => (
          <li key={name}>
            <button type="button" className="mono clip" title={name} onClick={() => go(name)}>
              {name}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}
