import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import type { InstanceLoad, ServiceLoad } from "@msec/api/console/v1/capacity_pb.js";
import type { Instance } from "@msec/api/console/v1/registry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Checkbox } from "antd";
import { Fragment, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatBytes, formatRate } from "../../lib/format.ts";
import { Expander } from "../../ui/expander.tsx";
import { Meter } from "../../ui/meter.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { SortHead } from "../../ui/sort-head.tsx";
import { Mark, Status } from "../../ui/status-mark.tsx";
import { processStateView } from "../service/health-mark.ts";
import { servicesQuery } from "../service/queries.ts";
import { LoadSort } from "./capacity-search.ts";
import { InstanceActions } from "./instance-actions.tsx";
import { sortServiceLoads } from "./load-sort.ts";
import { placeOf } from "./operation-words.ts";
import { serviceLoadsQuery } from "./queries.ts";

/** What the table of services is asked for. */
export interface ServiceLoadsProps {
  /** Only those above it, percent; 0: all. */
  readonly above: number;
  readonly sort: LoadSort;
  readonly onSort: (sort: LoadSort) => void;
  /** Those that are open: services by name, hosts by id. */
  readonly open: readonly string[];
  readonly onOpen: (open: readonly string[]) => void;
}

/** The load of services, and of the instances of those that are opened; instances can be chosen and changed. */
export function ServiceLoads({ above, sort, onSort, open: opened, onOpen }: ServiceLoadsProps) {
  const { t } = useTranslation();
  const api = useApi();
  const loads = useQuery(serviceLoadsQuery(api, above));
  const services = useQuery(servicesQuery(api)).data?.services ?? [];
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const list = sortServiceLoads(loads.data?.services ?? [], sort);
  const all = services.flatMap((service) => service.instances);
  const visible = new Set(list.flatMap((load) => load.loads.map(({ instanceId }) => instanceId)));
  const selected = all.filter(({ id }) => chosen.has(id) && visible.has(id));
  const head = { sort, onSort };
  const change = (old: ReadonlySet<string>, ids: readonly string[], has: boolean) => {
    const next = new Set(old);
    for (const id of ids) {
      if (has) next.add(id);
      else next.delete(id);
    }
    return next;
  };
  return (
    <Panel
      title={t("capacity.services")}
      count={
        selected.length > 0
          ? t("instance.selected", { count: selected.length })
          : above > 0 && services.length > 0
            ? t("capacity.count", { shown: list.length, total: services.length })
            : list.length
      }
      tools={
        all.length > 0 && (
          <InstanceActions
            chosen={selected}
            all={all.filter((one) => selected.length === 0 || selected.some(({ service }) => service === one.service))}
            onBegun={() => setChosen(new Set())}
          />
        )
      }
    >
      {loads.isPending && <Loading label={t("capacity.services")} lines={5} />}
      {loads.isError && <FailureNotice error={loads.error} onRetry={loads.refetch} besideData={list.length > 0} />}
      {loads.data !== undefined && list.length === 0 && <NothingThere above={above} />}
      {list.length > 0 && (
        <div className="scroll-x">
          <table className="grid capacity" aria-label={t("capacity.services")}>
            <thead>
              <tr>
                <SortHead {...head} by={LoadSort.Name} text={t("column.service")} ascending />
                <SortHead {...head} by={LoadSort.Load} text={t("capacity.column.load")} hint={t("capacity.loadHint")} />
                <SortHead
                  {...head}
                  by={LoadSort.Routing}
                  text={t("capacity.column.routing")}
                  hint={t("capacity.inTablesHint")}
                  numeric
                />
                <th className="num" title={t("capacity.reportingHint")}>
                  {t("capacity.column.reporting")}
                </th>
                <th className="num">{t("capacity.column.configured")}</th>
                <SortHead {...head} by={LoadSort.Cpu} text={t("column.cpu")} numeric />
                <SortHead {...head} by={LoadSort.Memory} text={t("column.memory")} numeric wide />
                <SortHead {...head} by={LoadSort.InFlight} text={t("capacity.column.inFlight")} numeric />
              </tr>
            </thead>
            <tbody>
              {list.map((load) => {
                const open = opened.includes(load.service);
                const ids = load.loads.map(({ instanceId }) => instanceId);
                const some = ids.filter((id) => chosen.has(id)).length;
                return (
                  <Fragment key={load.service}>
                    <ServiceRow
                      load={load}
                      open={open}
                      onToggle={() =>
                        onOpen(open ? opened.filter((one) => one !== load.service) : [...opened, load.service])
                      }
                      chosen={some === 0 ? "none" : some === ids.length ? "all" : "some"}
                      onChoose={(has) => setChosen(change(chosen, ids, has))}
                    />
                    {open && (
                      <tr className="inner">
                        <td colSpan={8}>
                          <InstanceTable
                            load={load}
                            instances={services.find(({ name }) => name === load.service)?.instances ?? []}
                            chosen={chosen}
                            onChoose={(id, has) => setChosen(change(chosen, [id], has))}
                          />
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

function NothingThere({ above }: { above: number }) {
  const { t } = useTranslation();
  if (above > 0) {
    return (
      <Notice title={t("capacity.nothingAboveTitle")}>{t("capacity.nothingAboveTodo", { percent: above })}</Notice>
    );
  }
  return (
    <Notice
      title={t("capacity.noLoadsTitle")}
      actions={
        <Link className="link" to="/">
          {t("nav.services")}
        </Link>
      }
    >
      {t("capacity.noLoadsTodo")}
    </Notice>
  );
}

interface ServiceRowProps {
  readonly load: ServiceLoad;
  readonly open: boolean;
  readonly onToggle: () => void;
  readonly chosen: "none" | "some" | "all";
  readonly onChoose: (has: boolean) => void;
}

function ServiceRow({ load, open, onToggle, chosen, onChoose }: ServiceRowProps) {
  const { t } = useTranslation();
  const silent = load.inRouting - load.inTables;
  return (
    <tr className={chosen === "none" ? "row" : "row chosen"}>
      <td>
        <span className="row-flex" style={{ gap: 6 }}>
          <Checkbox
            aria-label={t("instance.select", { address: load.service })}
            checked={chosen === "all"}
            indeterminate={chosen === "some"}
            disabled={load.loads.length === 0}
            onChange={(event) => onChoose(event.target.checked)}
          />
          <Expander open={open} label={t("capacity.openService", { service: load.service })} onToggle={onToggle} />
          <Link
            className="capacity-name clipped"
            to="/services/$name"
            params={{ name: load.service }}
            title={load.service}
          >
            {load.service}
          </Link>
        </span>
      </td>
      <td>
        {load.reporting === 0 ? (
          <span className="zero">{load.inRouting === 0 ? "–" : t("capacity.notReporting")}</span>
        ) : (
          <LoadMeter percent={load.loadPercent} label={t("capacity.column.load")} />
        )}
      </td>
      <td className={silent > 0 ? "num warn" : "num"}>
        {load.inRouting} / {load.inTables}
      </td>
      <td className={load.reporting < load.inRouting ? "num warn" : "num"}>{load.reporting}</td>
      <td className="num">{load.instances}</td>
      <td className="num">{formatRate(load.cpuPercent)} %</td>
      <td className="num col-wide">
        {load.memoryBytes === 0 ? <span className="zero">–</span> : formatBytes(load.memoryBytes)}
      </td>
      <td className={load.inFlight === 0 ? "num zero" : "num"}>{load.inFlight}</td>
    </tr>
  );
}

interface InstanceTableProps {
  readonly load: ServiceLoad;
  readonly instances: readonly Instance[];
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (id: string, has: boolean) => void;
}

function InstanceTable({ load, instances, chosen, onChoose }: InstanceTableProps) {
  const { t } = useTranslation();
  if (load.loads.length === 0) return <p className="muted inner-words">{t("capacity.noInstances")}</p>;
  return (
    <table className="grid" aria-label={t("capacity.openService", { service: load.service })}>
      <thead>
        <tr>
          <th>{t("column.address")}</th>
          <th>{t("column.state")}</th>
          <th>{t("column.routing")}</th>
          <th>{t("capacity.column.tables")}</th>
          <th>{t("column.host")}</th>
          <th>{t("capacity.column.hostLoad")}</th>
          <th className="num">{t("column.cpu")}</th>
          <th className="num">{t("column.memory")}</th>
          <th className="num">{t("capacity.column.inFlight")}</th>
        </tr>
      </thead>
      <tbody>
        {load.loads.map((one) => (
          <InstanceRow
            key={one.instanceId}
            load={one}
            // Its switch may be newer than the loads, which come every three seconds.
            inRouting={instances.find(({ id }) => id === one.instanceId)?.inRouting ?? one.inRouting}
            chosen={chosen.has(one.instanceId)}
            onChoose={(has) => onChoose(one.instanceId, has)}
          />
        ))}
      </tbody>
    </table>
  );
}

interface InstanceRowProps {
  readonly load: InstanceLoad;
  readonly inRouting: boolean;
  readonly chosen: boolean;
  readonly onChoose: (has: boolean) => void;
}

function InstanceRow({ load, inRouting, chosen, onChoose }: InstanceRowProps) {
  const { t } = useTranslation();
  const view = processStateView[load.state] ?? processStateView[ProcessState.UNSPECIFIED];
  const place = placeOf(load);
  const inTables = inRouting && !load.withheld;
  const nothing = <span className="zero">–</span>;
  return (
    <tr className={chosen ? "row chosen" : "row"}>
      <td>
        <span className="row-flex">
          <Checkbox
            aria-label={t("instance.select", { address: place })}
            checked={chosen}
            onChange={(event) => onChoose(event.target.checked)}
          />
          <span className="mono">{place}</span>
        </span>
      </td>
      <td>
        <Status mark={load.hostId !== "" && !load.reporting && inRouting ? Mark.Unknown : view.mark}>
          {t(view.key)}
        </Status>
      </td>
      <td className={inRouting ? "" : "muted"}>{t(inRouting ? "routing.in" : "routing.out")}</td>
      <td className={inTables === inRouting ? (inTables ? "" : "muted") : "warn"}>
        {t(inTables ? "capacity.inTables" : "capacity.inTablesNot")}
      </td>
      <td>{load.hostName || nothing}</td>
      <td>
        {load.reporting ? <LoadMeter percent={load.loadPercent} label={t("capacity.column.hostLoad")} /> : nothing}
      </td>
      <td className="num">{load.reporting ? `${formatRate(load.cpuPercent)} %` : nothing}</td>
      <td className="num">{load.memoryBytes > 0 ? formatBytes(load.memoryBytes) : nothing}</td>
      <td className="num">{load.inFlight ?? nothing}</td>
    </tr>
  );
}

/** A load as a bar and a number. @param percent 0…100 */
export function LoadMeter({ percent, label }: { readonly percent: number; readonly label: string }) {
  return (
    <span className="load-meter">
      <Meter ratio={percent / 100} label={label} warnFrom={0.8} />
      <span className={percent > 80 ? "warn" : ""}>{Math.round(percent)} %</span>
    </span>
  );
}
