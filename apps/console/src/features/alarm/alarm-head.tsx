import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { formatClock } from "../../lib/format.ts";
import { StatusMark } from "../../ui/status-mark.tsx";
import { alarmStatusQuery } from "./queries.ts";
import "../../ui/tabs.css";
import "./alarms.css";

const sources = ["calls", "metric", "log", "log-pattern", "liveness"] as const;

/** The head of all pages of alarms: what the page is for, where one is, and what is not evaluated. */
export function AlarmHead({ lead }: { readonly lead: string }) {
  const { t } = useTranslation();
  const status = useQuery(alarmStatusQuery(useApi()));
  const failing = status.data?.progress.filter(({ failingSinceMs }) => failingSinceMs > 0) ?? [];
  const exact = { exact: true, includeSearch: false };
  // Both lists have one address and filters of their own in it: which of the two it is only we know.
  const { pathname, search } = useLocation();
  const list = pathname !== "/alarms" ? undefined : "history" in search && search.history ? "history" : "open";
  const current = (one: typeof list) => (one === list ? { "aria-current": "page" as const } : {});
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{t("alarm.title")}</h1>
          <p className="lead">{lead}</p>
        </div>
      </div>
      <nav className="tabs" aria-label={t("alarm.pages")}>
        <Link to="/alarms" search={{}} activeOptions={{ exact: true, includeSearch: true }} {...current("open")}>
          {t("alarm.open")}
        </Link>
        <Link
          to="/alarms"
          search={{ history: true }}
          activeOptions={{ exact: true, includeSearch: true }}
          {...current("history")}
        >
          {t("alarm.history")}
        </Link>
        <Link to="/alarms/rules" search={{}} activeOptions={exact}>
          {t("alarm.rules")}
        </Link>
        <Link to="/alarms/silences" activeOptions={exact}>
          {t("alarm.silences")}
        </Link>
        <Link to="/alarms/channels" search={{}} activeOptions={exact}>
          {t("alarm.channels")}
        </Link>
      </nav>
      {failing.map(({ source, failingSinceMs, failure }) => (
        <p key={source} className="alarm-warning" role="status">
          <StatusMark mark="warn" />
          {t("alarm.notEvaluated", {
            source: t(`alarm.source.${sources.find((one) => one === source) ?? "calls"}`),
            time: formatClock(failingSinceMs),
            failure,
          })}
        </p>
      ))}
    </>
  );
}
