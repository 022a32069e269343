import { Link, useParams, useRouterState } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { requestIdFrom, shortRequestId } from "../request/request-id.ts";
import { useMonitoringOnly } from "../session/queries.ts";

const exact = { exact: true };

/** Where one is, from the section down. */
export function Breadcrumbs() {
  const { t } = useTranslation();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const { name, id } = useParams({ strict: false });
  const onlyMonitors = useMonitoringOnly() !== undefined;
  const crumbs: { key: string; node: ReactNode }[] = [];
  if (path.startsWith("/requests")) {
    crumbs.push({
      key: "requests",
      node: (
        <Link to="/requests" activeOptions={exact}>
          {t("nav.requests")}
        </Link>
      ),
    });
    if (id !== undefined) {
      crumbs.push({ key: "id", node: <span className="mono">{shortRequestId(requestIdFrom(id) ?? id)}</span> });
    }
  } else if (path.startsWith("/map")) {
    crumbs.push({ key: "map", node: <span>{t("nav.map")}</span> });
  } else if (path.startsWith("/monitor")) {
    crumbs.push({
      key: "monitor",
      node: (
        <Link to="/monitor" activeOptions={exact}>
          {t("nav.monitor")}
        </Link>
      ),
    });
    if (path.endsWith("/reporting")) crumbs.push({ key: "reporting", node: <span>{t("monitoring.title")}</span> });
    if (path.endsWith("/retention")) crumbs.push({ key: "retention", node: <span>{t("retention.title")}</span> });
  } else if (path.startsWith("/alarms")) {
    crumbs.push({
      key: "alarms",
      node: (
        <Link to="/alarms" search={{}} activeOptions={exact}>
          {t("nav.alarms")}
        </Link>
      ),
    });
    if (id !== undefined) crumbs.push({ key: "id", node: <span className="mono">{id}</span> });
  } else if (path.startsWith("/logs")) {
    crumbs.push({
      key: "logs",
      node: (
        <Link to="/logs" activeOptions={exact}>
          {t("nav.logs")}
        </Link>
      ),
    });
    if (path.endsWith("/fields")) crumbs.push({ key: "fields", node: <span>{t("logs.fieldsTitle")}</span> });
  } else if (path.startsWith("/dyeing")) {
    crumbs.push({
      key: "dyeing",
      node: (
        <Link to="/dyeing" activeOptions={exact}>
          {t("nav.dyeing")}
        </Link>
      ),
    });
  } else if (path.startsWith("/capacity")) {
    crumbs.push({
      key: "capacity",
      node: (
        <Link to="/capacity" search={{}} activeOptions={exact}>
          {t("nav.capacity")}
        </Link>
      ),
    });
  } else if (path.startsWith("/hosts")) {
    crumbs.push({
      key: "hosts",
      node: (
        <Link to="/hosts" activeOptions={exact}>
          {t("nav.hosts")}
        </Link>
      ),
    });
  } else if (onlyMonitors && name !== undefined) {
    crumbs.push(
      {
        key: "monitor",
        node: (
          <Link to="/monitor" activeOptions={exact}>
            {t("nav.monitor")}
          </Link>
        ),
      },
      {
        key: "name",
        node: (
          <Link to="/monitor" search={{ service: name }} activeOptions={exact}>
            {name}
          </Link>
        ),
      },
      { key: "curves", node: <span>{t("nav.curves")}</span> },
    );
  } else {
    crumbs.push({
      key: "services",
      node: (
        <Link to="/" activeOptions={exact}>
          {t("nav.services")}
        </Link>
      ),
    });
    if (name !== undefined) {
      crumbs.push({
        key: "name",
        node: (
          <Link to="/services/$name" params={{ name }} activeOptions={exact}>
            {name}
          </Link>
        ),
      });
    }
    if (path.endsWith("/policy")) crumbs.push({ key: "policy", node: <span>{t("policy.tab")}</span> });
    if (path.endsWith("/curves")) crumbs.push({ key: "curves", node: <span>{t("nav.curves")}</span> });
  }
  return (
    <nav aria-label={t("shell.where")} style={{ marginRight: "auto", minWidth: 0 }}>
      <ul className="crumbs">
        {crumbs.map((crumb, index) => (
          <li
            key={crumb.key}
            className={crumb.key === "name" ? "name" : undefined}
            aria-current={index === crumbs.length - 1 ? "location" : undefined}
          >
            {crumb.node}
          </li>
        ))}
      </ul>
    </nav>
  );
}
