import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useMonitoringOnly } from "../session/queries.ts";
import "../../ui/tabs.css";

/** The pages of one service. @param children controls of the service at the right */
export function ServiceTabs({ name, children }: { readonly name: string; readonly children?: ReactNode }) {
  const { t } = useTranslation();
  const onlyMonitors = useMonitoringOnly() !== undefined;
  return (
    <nav className="tabs" aria-label={t("service.tabs")}>
      {!onlyMonitors && (
        <Link to="/services/$name" params={{ name }} activeOptions={{ exact: true, includeSearch: false }}>
          {t("service.instances")}
        </Link>
      )}
      <Link to="/services/$name/curves" params={{ name }} search={{}} activeOptions={{ includeSearch: false }}>
        {t("nav.curves")}
      </Link>
      {!onlyMonitors && (
        <Link to="/services/$name/policy" params={{ name }}>
          {t("policy.tab")}
        </Link>
      )}
      <Link to="/monitor" search={{ service: name }} activeOptions={{ exact: true }}>
        {t("nav.monitor")}
      </Link>
      <Link to="/requests" search={{ service: name }} activeOptions={{ exact: true }}>
        {t("nav.requests")}
      </Link>
      <Link to="/logs" search={{ service: name }} activeOptions={{ exact: true }}>
        {t("nav.logs")}
      </Link>
      {children !== undefined && <span className="tabs-tools">{children}</span>}
    </nav>
  );
}
