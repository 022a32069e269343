import type { Host } from "@msec/api/console/v1/registry_pb.js";
import { Link } from "@tanstack/react-router";
import { Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import { formatBytes, formatElapsed, formatRate } from "../../lib/format.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { Notice } from "../../ui/notice.tsx";
import { Status } from "../../ui/status-mark.tsx";
import { processStateView } from "../service/health-mark.ts";

/** The processes of one host, those of the system itself first. */
export function ProcessTable({ host }: { readonly host: Host }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  if (host.processes.length === 0)
    return <Notice title={t("hosts.noProcessesTitle")}>{t("hosts.noProcessesTodo")}</Notice>;
  const processes = host.processes.toSorted((a, b) => Number(a.instanceId !== "") - Number(b.instanceId !== ""));
  return (
    <table className="grid" aria-label={t("hosts.processesOf", { host: host.name })}>
      <thead>
        <tr>
          <th>{t("column.process")}</th>
          <th>{t("column.state")}</th>
          <th>{t("column.listens")}</th>
          <th className="num">{t("column.pid")}</th>
          <th className="num">{t("column.uptime")}</th>
          <th className="num">{t("column.memory")}</th>
          <th className="num">{t("column.cpu")}</th>
          <th className="num">{t("column.restarts")}</th>
        </tr>
      </thead>
      <tbody>
        {processes.map((process) => {
          const view = processStateView[process.state] ?? processStateView[0];
          const alive = process.pid !== 0;
          const status = <Status mark={view.mark}>{t(view.key)}</Status>;
          return (
            <tr key={`${process.name} ${process.instanceId} ${process.pid}`} className="row">
              <td>
                {process.instanceId === "" ? (
                  <span className="soft">{process.name}</span>
                ) : (
                  <Link className="link" to="/services/$name" params={{ name: process.name }}>
                    {process.name}
                  </Link>
                )}
              </td>
              <td>{process.reason === "" ? status : <Tooltip title={process.reason}>{status}</Tooltip>}</td>
              <td className="mono clip listens" title={process.listen}>
                {process.listen || <span className="zero">–</span>}
              </td>
              <td className="num mono">{alive ? process.pid : <span className="zero">–</span>}</td>
              <td className="num">
                {alive ? formatElapsed(now - process.startedMs, language) : <span className="zero">–</span>}
              </td>
              <td className="num">{alive ? formatBytes(process.memoryBytes) : <span className="zero">–</span>}</td>
              <td className="num">{alive ? `${formatRate(process.cpuPercent)} %` : <span className="zero">–</span>}</td>
              <td className={process.restarts > 0 ? "num warn" : "num zero"}>{process.restarts}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
