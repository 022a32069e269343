import type { Host } from "@msec/api/console/v1/registry_pb.js";
import { Link } from "@tanstack/react-router";
import { Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import { Notice } from "../../ui/notice.tsx";
import { Status } from "../../ui/status-mark.tsx";
import { processStateView } from "../service/health-mark.ts";
import "./hosts-page.css";
import { ProcessCells, ProcessHeads } from "./process-cells.tsx";

/** The processes of one host, those of the system itself first. */
export function ProcessTable({ host }: { readonly host: Host }) {
  const { t } = useTranslation();
  if (host.processes.length === 0)
    return <Notice title={t("hosts.noProcessesTitle")}>{t("hosts.noProcessesTodo")}</Notice>;
  const processes = host.processes.toSorted((a, b) => Number(a.instanceId !== "") - Number(b.instanceId !== ""));
  return (
    <table className="grid processes" aria-label={t("hosts.processesOf", { host: host.name })}>
      <thead>
        <tr>
          <th>{t("column.process")}</th>
          <th>{t("column.state")}</th>
          <th>{t("column.listens")}</th>
          <ProcessHeads />
        </tr>
      </thead>
      <tbody>
        {processes.map((process) => {
          const view = processStateView[process.state] ?? processStateView[0];
          const status = <Status mark={view.mark}>{t(view.key)}</Status>;
          return (
            <tr key={`${process.name} ${process.instanceId} ${process.pid}`} className="row">
              <td>
                {process.instanceId === "" ? (
                  <span className="soft">{process.name}</span>
                ) : (
                  <Link
                    className="link clipped"
                    to="/services/$name"
                    params={{ name: process.name }}
                    title={process.name}
                  >
                    {process.name}
                  </Link>
                )}
              </td>
              <td>{process.reason === "" ? status : <Tooltip title={process.reason}>{status}</Tooltip>}</td>
              <td className="mono clip listens" title={process.listen}>
                {process.listen || <span className="zero">–</span>}
              </td>
              <ProcessCells process={process} />
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
