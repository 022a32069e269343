import type { HostProcess } from "@msec/api/agent/v1/processes_pb.js";
import type { Host } from "@msec/api/console/v1/registry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatBytes, formatElapsed, formatRate } from "../../lib/format.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { Loading } from "../../ui/notice.tsx";
import { liveProcessesQuery } from "./queries.ts";

/** All processes of one host, not only ours, as `top` shows them; asked from its agent for as long as this is on the page. */
export function LiveProcesses({ host }: { readonly host: Host }) {
  const { t } = useTranslation();
  const { data, isPending, isError, error, refetch } = useQuery(liveProcessesQuery(useApi(), host.id));
  const snapshot = data?.snapshot;
  return (
    <section aria-label={t("processes.of", { host: host.name })}>
      <p className="live-processes-head">
        <strong>{t("processes.title")}</strong>
        {snapshot !== undefined && (
          <span className="muted">
            {t("processes.shown", { shown: snapshot.processes.length, total: snapshot.total })}
          </span>
        )}
      </p>
      {isPending && <Loading label={t("processes.title")} lines={4} />}
      {isError && <FailureNotice error={error} onRetry={refetch} besideData={snapshot !== undefined} />}
      {snapshot !== undefined && <ProcessRows processes={snapshot.processes} />}
    </section>
  );
}

function ProcessRows({ processes }: { readonly processes: readonly HostProcess[] }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  return (
    <div className="live-processes">
      <table className="grid" aria-label={t("processes.title")}>
        <thead>
          <tr>
            <th className="num">{t("column.pid")}</th>
            <th>{t("processes.user")}</th>
            <th>{t("processes.program")}</th>
            <th>{t("column.service")}</th>
            <th>{t("column.state")}</th>
            <th className="num">{t("column.cpu")}</th>
            <th className="num">{t("column.memory")}</th>
            <th className="num">{t("column.uptime")}</th>
          </tr>
        </thead>
        <tbody>
          {processes.map((process) => (
            <tr key={process.pid} className="row">
              <td className="num mono">{process.pid}</td>
              <td>{process.user}</td>
              <td className="mono">{process.program}</td>
              <td>
                <Owner process={process} />
              </td>
              <td title={t(`processes.state.${stateOf(process.state)}`)}>
                {t(`processes.state.${stateOf(process.state)}`)}
              </td>
              <td
                className={process.cpuPercent >= 0.05 ? "num" : "num zero"}
              >{`${formatRate(process.cpuPercent)} %`}</td>
              <td className="num">{formatBytes(process.memoryBytes)}</td>
              <td className="num">{formatElapsed(Math.max(0, now - process.startedMs), language)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Owner({ process: { service, instanceId } }: { readonly process: HostProcess }) {
  if (service === "") return <span className="zero">–</span>;
  if (instanceId === "") return <span className="soft">{service}</span>;
  return (
    <Link className="link" to="/services/$name" params={{ name: service }}>
      {service}
    </Link>
  );
}

const states = ["R", "S", "D", "T", "Z", "I"] as const;

// As ps says it; what it says seldom is none of those.
function stateOf(letter: string): (typeof states)[number] | "other" {
  return states.find((known) => known === letter.toUpperCase()) ?? "other";
}
