import type { GetDistributionResponse, HostRoutes } from "@msec/api/console/v1/capacity_pb.js";
import { RouteState } from "@msec/api/console/v1/registry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { useComplaint } from "../../lib/use-complaint.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { Panel } from "../../ui/panel.tsx";
import { Mark, Status } from "../../ui/status-mark.tsx";
import { behindText, isLate, routeStateText } from "../host/route-progress.ts";
import { distributionQuery, useCapacityChange } from "./queries.ts";

/** In one line which hosts have the newest routes, and who has not for how long; nothing while nobody knows. */
export function DistributionLine() {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  const { data } = useQuery(distributionQuery(useApi()));
  if (data === undefined) return null;
  if (data.hosts === 0) return <Status mark={Mark.Unknown}>{t("capacity.distribution.none")}</Status>;
  const late = lacking(data, now);
  return (
    <Status mark={markOf(data, now)}>
      {t("hosts.applied", { applied: data.hostsApplied, total: data.hosts, version: String(data.routeVersion) })}
      {late.length > 0 && <span className="warn">; {behindText(t, language, late, now)}</span>}
    </Status>
  );
}

function markOf(data: GetDistributionResponse, nowMs: number): Mark {
  if (data.behind.some(({ state }) => state === RouteState.DIFFERENT)) return Mark.Fail;
  return data.hostsApplied === data.hosts
    ? Mark.Ok
    : data.behind.some((host) => isLate(host, nowMs))
      ? Mark.Warn
      : Mark.Progress;
}

/** Hosts whose agents lack the newest version for longer than a change takes, or have other content. */
function lacking({ behind }: GetDistributionResponse, nowMs: number): readonly HostRoutes[] {
  return behind.filter((host) => isLate(host, nowMs));
}

/** The hosts that have not the routes that they should have, each with its button; nothing where all have. */
export function DistributionPanel() {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  const { data } = useQuery(distributionQuery(useApi()));
  const late = data === undefined ? [] : lacking(data, now);
  if (late.length === 0) return null;
  return (
    <Panel title={t("capacity.distributionTitle")} count={late.length} tools={<PushButton />}>
      <div className="scroll-x">
        <table className="grid capacity" aria-label={t("capacity.distributionTitle")}>
          <tbody>
            {late.map((host) => (
              <tr key={host.hostId} className="row">
                <td>
                  <Status mark={host.connected ? Mark.Warn : Mark.Fail}>{host.name || host.address}</Status>
                </td>
                <td className="mono">{host.address}</td>
                <td>{host.connected ? t("hosts.connected") : t("hosts.lost")}</td>
                <td className="warn">{routeStateText(t, host.state, host.appliedRouteVersion)}</td>
                <td className="muted">{t("capacity.distribution.used", { version: String(host.usedRouteVersion) })}</td>
                <td>{behindText(t, language, [host], now)}</td>
                <td className="wrap soft">{host.problem}</td>
                <td className="num">
                  <PushButton hostId={host.hostId} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** Sends all routes and assignments again (重刷到路由). @param hostId only to this host, without a question; unset: to all */
export function PushButton({ hostId }: { readonly hostId?: string }) {
  const { t } = useTranslation();
  const api = useApi();
  const { modal, message } = App.useApp();
  const complain = useComplaint();
  const push = useCapacityChange((hostIds: string[]) => api.capacity.pushRoutes({ hostIds }));
  const run = async (hostIds: string[]) => {
    try {
      const { hostsConnected, hostsWaiting } = await push.mutateAsync(hostIds);
      void message.success(t("capacity.pushed", { count: hostsConnected, waiting: hostsWaiting }));
    } catch (error) {
      complain(t("capacity.push"), error);
    }
  };
  const ask = () =>
    modal.confirm({
      title: t("capacity.pushTitle"),
      content: t("capacity.pushBody"),
      okText: t("capacity.push"),
      cancelText: t("action.cancel"),
      icon: null,
      onOk: () => run([]),
    });
  return (
    <Button
      size="small"
      title={t("capacity.pushHint")}
      loading={push.isPending}
      onClick={() => (hostId === undefined ? ask() : void run([hostId]))}
    >
      {t("capacity.push")}
    </Button>
  );
}
