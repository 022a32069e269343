import { type Host, RouteState } from "@msec/api/console/v1/registry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatAge, formatBytes, formatPercent, formatRate } from "../../lib/format.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { Expander } from "../../ui/expander.tsx";
import { Meter } from "../../ui/meter.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Mark, Status } from "../../ui/status-mark.tsx";
import { useMonitoringOnly } from "../session/queries.ts";
import { HostFoot, ZoneButton } from "./host-tools.tsx";
import { ProcessTable } from "./process-table.tsx";
import { hostsQuery } from "./queries.ts";
import { behindText, countApplied, lateHosts } from "./route-progress.ts";
import "./hosts-page.css";

// With so few hosts everything fits on the page.
const OPEN_ALL = 3;

/** Which hosts are open; in the address only once somebody opened or closed one. */
export interface HostsPageProps {
  readonly open: readonly string[] | undefined;
  readonly onOpen: (open: readonly string[]) => void;
}

/** The hosts with their load, their routes and their processes. */
export function HostsPage({ open, onOpen }: HostsPageProps) {
  const { t } = useTranslation();
  const hosts = useQuery(hostsQuery(useApi()));
  const list = hosts.data?.hosts ?? [];
  const version = hosts.data?.routeVersion ?? 0n;
  const language = useLanguage();
  const now = useNow();
  const { applied, total } = countApplied(list, version);
  const late = lateHosts(list, now);
  const opened = open ?? (list.length <= OPEN_ALL ? list.map((host) => host.id) : []);
  // Without services there are no routes that a host could be behind with, no zones and no processes.
  const onlyMonitors = useMonitoringOnly() !== undefined;
  const toggle = (id: string) => onOpen(opened.includes(id) ? opened.filter((one) => one !== id) : [...opened, id]);
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("hosts.title")}</h1>
        {total > 0 && !onlyMonitors && (
          <Status mark={late.length === 0 ? Mark.Ok : Mark.Warn}>
            {t("hosts.applied", { applied, total, version: String(version) })}
            {late.length > 0 && <span className="warn">; {behindText(t, language, late, now)}</span>}
          </Status>
        )}
      </div>
      {hosts.isPending && <Loading label={t("hosts.title")} lines={6} />}
      {hosts.isError && list.length === 0 && <FailureNotice error={hosts.error} onRetry={hosts.refetch} />}
      {hosts.data !== undefined && list.length === 0 && (
        <section className="panel">
          {onlyMonitors ? (
            <Notice
              title={t("hosts.emptyTitle")}
              actions={
                <Link className="link" to="/monitor/reporting">
                  {t("monitoring.how")}
                </Link>
              }
            >
              {t("monitoring.hostsEmpty")}
            </Notice>
          ) : (
            <Notice title={t("hosts.emptyTitle")}>{t("hosts.emptyTodo")}</Notice>
          )}
        </section>
      )}
      {list.length > 0 && (
        <Panel title={t("hosts.title")} count={list.length}>
          <div className="scroll-x">
            <table className="grid hosts" aria-label={t("hosts.title")}>
              <thead>
                <tr>
                  <th>{t("column.host")}</th>
                  <th>{t("column.state")}</th>
                  {!onlyMonitors && <th className="num">{t("column.routeVersion")}</th>}
                  <th>{t("column.cpu")}</th>
                  <th>{t("column.memory")}</th>
                  <th>{t("capacity.column.disk")}</th>
                  <th className="num col-wide">{t("capacity.column.network")}</th>
                  {!onlyMonitors && <th>{t("hosts.zone")}</th>}
                  <th className="col-wide">{t("hosts.agent")}</th>
                  {!onlyMonitors && <th className="num">{t("column.processes")}</th>}
                </tr>
              </thead>
              <tbody>
                {list.map((host) => (
                  <Fragment key={host.id}>
                    <HostRow
                      host={host}
                      newest={version}
                      onlyMonitors={onlyMonitors}
                      open={opened.includes(host.id)}
                      onToggle={() => toggle(host.id)}
                    />
                    {opened.includes(host.id) && (
                      <tr className="processes">
                        <td colSpan={onlyMonitors ? 7 : 10}>
                          <HostFoot host={host} />
                          {!onlyMonitors && <ProcessTable host={host} />}
                        </td>
                      </tr>
                    )}
                  </Fragment>
                ))}
              </tbody>
            </table>
          </div>
        </Panel>
      )}
    </div>
  );
}

function HostRow({
  host,
  newest,
  onlyMonitors,
  open,
  onToggle,
}: {
  host: Host;
  newest: bigint;
  onlyMonitors: boolean;
  open: boolean;
  onToggle: () => void;
}) {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  const usedBytes = host.memoryTotalBytes - host.memoryAvailableBytes;
  const behind = newest - host.appliedRouteVersion;
  const rates = t("hosts.diskRates", {
    read: formatBytes(host.diskReadRate),
    write: formatBytes(host.diskWriteRate),
  });
  return (
    <tr className="row">
      <td>
        <span className="row-flex" style={{ gap: 6 }}>
          <Expander open={open} label={t("hosts.processesOf", { host: host.name })} onToggle={onToggle} />
          <strong style={{ fontWeight: 500 }}>{host.name}</strong>
          <span className="mono muted">{host.address}</span>
        </span>
      </td>
      <td>
        <Status mark={host.connected ? Mark.Ok : Mark.Fail}>
          {host.connected ? t("hosts.connected") : t("hosts.lost")}
          <span className="muted"> · {formatAge(now - host.lastSeenMs, language)}</span>
        </Status>
      </td>
      {!onlyMonitors && (
        <td className="num">
          <span className="mono">{String(host.appliedRouteVersion)}</span>
          {behind > 0n && <span className="warn"> {t("hosts.behind", { count: Number(behind) })}</span>}
          {host.routeState === RouteState.DIFFERENT && (
            <span className="fail" title={host.routeProblem}>
              {" "}
              {t("capacity.routeState.different")}
            </span>
          )}
        </td>
      )}
      <td>
        <Meter ratio={host.cpuPercent / 100} label={t("column.cpu")} />
        {formatRate(host.cpuPercent)} %
      </td>
      <td>
        <Meter ratio={usedBytes / host.memoryTotalBytes} label={t("column.memory")} />
        <span title={`${formatBytes(usedBytes)} / ${formatBytes(host.memoryTotalBytes)}`}>
          {formatPercent(usedBytes / host.memoryTotalBytes)}
        </span>
      </td>
      <td>
        {host.diskTotalBytes > 0 ? (
          <span title={rates}>
            <Meter ratio={1 - host.diskAvailableBytes / host.diskTotalBytes} label={t("capacity.column.disk")} />
            {formatPercent(1 - host.diskAvailableBytes / host.diskTotalBytes)}
          </span>
        ) : (
          <span className="zero">–</span>
        )}
      </td>
      <td className="num col-wide">
        {formatBytes(host.networkReceiveRate)}/s
        <span className="muted"> · {formatBytes(host.networkTransmitRate)}/s</span>
      </td>
      {!onlyMonitors && (
        <td>
          <ZoneButton host={host} />
        </td>
      )}
      <td className="col-wide mono">{host.agentVersion || <span className="zero">–</span>}</td>
      {!onlyMonitors && <td className="num">{host.processes.length}</td>}
    </tr>
  );
}
