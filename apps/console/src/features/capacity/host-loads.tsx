import type { HostLoad } from "@msec/api/console/v1/capacity_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatBytes } from "../../lib/format.ts";
import { Expander } from "../../ui/expander.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { SortHead } from "../../ui/sort-head.tsx";
import { Mark, StatusMark } from "../../ui/status-mark.tsx";
import { LiveProcesses } from "../host/live-processes.tsx";
import { ProcessTable } from "../host/process-table.tsx";
import { LoadSort, type ResourceName, resourceOf } from "./capacity-search.ts";
import { sortHostLoads } from "./load-sort.ts";
import { hostLoadsQuery } from "./queries.ts";
import { LoadMeter, type ServiceLoadsProps } from "./service-loads.tsx";

/** What the table of hosts is asked for. */
export interface HostLoadsProps extends ServiceLoadsProps {
  /** What of a host `above` looks at. */
  readonly resource: ResourceName;
}

/** The load of hosts, with the processes of those that are opened, live. */
export function HostLoads({ above, resource, sort, onSort, open: opened, onOpen }: HostLoadsProps) {
  const { t } = useTranslation();
  const loads = useQuery(hostLoadsQuery(useApi(), above, resourceOf(resource)));
  const list = sortHostLoads(loads.data?.hosts ?? [], sort);
  const head = { sort, onSort };
  const toggle = (id: string) => onOpen(opened.includes(id) ? opened.filter((one) => one !== id) : [...opened, id]);
  return (
    <Panel title={t("capacity.hosts")} count={list.length}>
      {loads.isPending && <Loading label={t("capacity.hosts")} lines={5} />}
      {loads.isError && <FailureNotice error={loads.error} onRetry={loads.refetch} besideData={list.length > 0} />}
      {loads.data !== undefined &&
        list.length === 0 &&
        (above > 0 ? (
          <Notice title={t("capacity.nothingAboveTitle")}>{t("capacity.nothingAboveTodo", { percent: above })}</Notice>
        ) : (
          <Notice title={t("capacity.noHostsTitle")}>{t("capacity.noHostsTodo")}</Notice>
        ))}
      {list.length > 0 && (
        <div className="scroll-x">
          <table className="grid capacity" aria-label={t("capacity.hosts")}>
            <thead>
              <tr>
                <SortHead {...head} by={LoadSort.Name} text={t("column.host")} ascending />
                <SortHead {...head} by={LoadSort.Cpu} text={t("column.cpu")} />
                <SortHead {...head} by={LoadSort.Memory} text={t("column.memory")} />
                <SortHead {...head} by={LoadSort.Disk} text={t("capacity.column.disk")} />
                <th className="num">{t("capacity.column.network")}</th>
                <SortHead {...head} by={LoadSort.Routing} text={t("column.inRouting")} numeric />
                <th className="num">{t("capacity.column.configured")}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((load) => {
                const id = load.host?.id ?? "";
                return (
                  <Fragment key={id}>
                    <HostRow load={load} open={opened.includes(id)} onToggle={() => toggle(id)} />
                    {opened.includes(id) && load.host !== undefined && (
                      <tr className="inner">
                        <td colSpan={7}>
                          <ProcessTable host={load.host} />
                          <LiveProcesses host={load.host} />
                        </td>
                      </tr>
                    )}
                  </Fragment>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function HostRow({ load, open, onToggle }: { load: HostLoad; open: boolean; onToggle: () => void }) {
  const { t } = useTranslation();
  const { host } = load;
  if (host === undefined) return null;
  const known = host.memoryTotalBytes > 0;
  const meter = (percent: number, label: string) =>
    known ? <LoadMeter percent={percent} label={label} /> : <span className="zero">{t("capacity.notReporting")}</span>;
  return (
    <tr className="row">
      <td>
        <span className="row-flex" style={{ gap: 6 }}>
          <Expander open={open} label={t("capacity.openHost", { host: host.name })} onToggle={onToggle} />
          <StatusMark mark={host.connected ? Mark.Ok : Mark.Fail} />
          <span className="capacity-name">{host.name}</span>
          <span className="mono muted">{host.address}</span>
          {!host.connected && <span className="fail">{t("hosts.lost")}</span>}
        </span>
      </td>
      <td>{meter(load.cpuPercent, t("column.cpu"))}</td>
      <td>{meter(load.memoryPercent, t("column.memory"))}</td>
      <td>
        {host.diskTotalBytes > 0 ? (
          meter(load.diskPercent, t("capacity.column.disk"))
        ) : (
          <span className="zero">{t("capacity.notReporting")}</span>
        )}
      </td>
      <td className="num">
        {known ? (
          `${formatBytes(host.networkReceiveRate)}/s · ${formatBytes(host.networkTransmitRate)}/s`
        ) : (
          <span className="zero">–</span>
        )}
      </td>
      <td className="num">{load.inRouting}</td>
      <td className="num">{load.instances}</td>
    </tr>
  );
}
