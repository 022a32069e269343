import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatClock, formatElapsed, formatZone } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { forgetDrafts } from "../../lib/use-draft.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { BrandMark } from "../../ui/brand-mark.tsx";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { Loading } from "../../ui/notice.tsx";
import { Status, StatusMark } from "../../ui/status-mark.tsx";
import { AlarmBadge } from "../alarm/alarm-badge.tsx";
import { servicesQuery } from "../service/queries.ts";
import { sessionQuery } from "../session/queries.ts";
import { Breadcrumbs } from "./breadcrumbs.tsx";
import { DisplaySettings } from "./display-settings.tsx";
import { HealthBar } from "./health-bar.tsx";
import { monitoringPath } from "./monitoring-only.ts";
import { RequestSearch } from "./request-search.tsx";
import { ServiceTreeNav } from "./service-tree-nav.tsx";
import "./shell.css";

const sections = [
  { to: "/", icon: "services", key: "nav.services" },
  { to: "/map", icon: "map", key: "nav.map" },
  { to: "/monitor", icon: "curves", key: "nav.monitor" },
  { to: "/requests", icon: "requests", key: "nav.requests" },
  { to: "/logs", icon: "logs", key: "nav.logs" },
  { to: "/dyeing", icon: "dyeing", key: "nav.dyeing" },
  { to: "/capacity", icon: "capacity", key: "nav.capacity" },
  { to: "/hosts", icon: "hosts", key: "nav.hosts" },
  { to: "/alarms", icon: "alarms", key: "nav.alarms" },
] as const satisfies { to: string; icon: IconName; key: string }[];

// The monitor is the first page then.
const monitoringSections = sections
  .filter(({ to }) => monitoringPath(to) === undefined)
  .sort((a, b) => Number(b.to === "/monitor") - Number(a.to === "/monitor"));

/** Everything around the pages: brand, sections, service tree, where one is, settings. */
export function Shell({ onSignedOut }: { readonly onSignedOut: () => void }) {
  const { t } = useTranslation();
  const api = useApi();
  const services = useQuery(servicesQuery(api));
  const session = useQuery(sessionQuery(api));
  const onlyMonitors = session.data?.monitoringOnly !== undefined;
  return (
    <div className="shell">
      <a className="skip-link" href="#main">
        {t("shell.skip")}
      </a>
      <aside className="rail">
        <Link to="/" className="brand">
          <BrandMark />
          <strong>msec</strong>
          {onlyMonitors && <em>{t("monitoring.product")}</em>}
          <span>{session.data?.version}</span>
        </Link>
        <nav className="rail-nav" aria-label={t("shell.sections")}>
          {(onlyMonitors ? monitoringSections : sections).map(({ to, icon, key }) => (
            <Link key={to} to={to} activeOptions={{ exact: to === "/", includeSearch: false }}>
              <Icon name={icon} />
              {t(key)}
              {to === "/alarms" && <AlarmBadge />}
            </Link>
          ))}
        </nav>
        {services.data === undefined ? (
          <div className="tree">
            {services.isError ? (
              <p className="nothing">{t("shell.treeFailed")}</p>
            ) : (
              <Loading label={t("shell.tree")} />
            )}
          </div>
        ) : (
          <ServiceTreeNav services={services.data.services} onlyMonitors={onlyMonitors} />
        )}
        <Freshness failed={services.isError} updatedAt={services.dataUpdatedAt} />
      </aside>
      <div className="stage">
        <header className="top">
          <Breadcrumbs />
          <RequestSearch />
          <DisplaySettings />
          {session.data !== undefined && session.data.name !== "" && (
            <span className="signed-in clip" title={t("shell.signedInAs", { name: session.data.name })}>
              {session.data.name}
            </span>
          )}
          <SignOut onSignedOut={onSignedOut} />
        </header>
        {services.isError && services.data !== undefined && (
          <StaleBar updatedAt={services.dataUpdatedAt} onRetry={services.refetch} />
        )}
        <HealthBar />
        <main id="main" tabIndex={-1}>
          {services.isError && services.data === undefined ? (
            <div className="page">
              <section className="panel">
                <FailureNotice error={services.error} onRetry={services.refetch} />
              </section>
            </div>
          ) : (
            <Outlet />
          )}
        </main>
      </div>
    </div>
  );
}

/** Whether the data on the page is fresh, and how old it is when it is not. */
function Freshness({ failed, updatedAt }: { failed: boolean; updatedAt: number }) {
  const { t } = useTranslation();
  if (updatedAt === 0) return null;
  return (
    <div className="rail-foot">
      <Status mark={failed ? "warn" : "ok"}>
        {failed ? t("shell.dataOf", { time: formatClock(updatedAt) }) : t("shell.live")}
      </Status>
      <span className="zone" title={t("shell.timeZone", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })}>
        {formatZone(updatedAt)}
      </span>
    </div>
  );
}

function StaleBar({ updatedAt, onRetry }: { updatedAt: number; onRetry: () => unknown }) {
  const { t } = useTranslation();
  const language = useLanguage();
  // updatedAt is this machine's clock, useNow the server's.
  const age = useNow() - (updatedAt + serverNow() - Date.now());
  return (
    <div className="stale" role="alert">
      <StatusMark mark="warn" />
      <span>{t("shell.unreachable", { age: formatElapsed(age, language) })}</span>
      <Button size="small" onClick={() => void onRetry()}>
        {t("action.retry")}
      </Button>
    </div>
  );
}

function SignOut({ onSignedOut }: { onSignedOut: () => void }) {
  const { t } = useTranslation();
  const api = useApi();
  const queryClient = useQueryClient();
  const signOut = async () => {
    try {
      await api.session.signOut({});
      forgetDrafts();
    } finally {
      queryClient.clear();
      onSignedOut();
    }
  };
  return (
    <button
      type="button"
      className="bare"
      onClick={() => void signOut()}
      aria-label={t("shell.signOut")}
      title={t("shell.signOut")}
    >
      <Icon name="signOut" />
    </button>
  );
}
