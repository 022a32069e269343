import { type Service, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { CallSide } from "@msec/api/console/v1/telemetry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { App, Button, Checkbox } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { failureFrom } from "../../lib/failure.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { callsQuery } from "../call/queries.ts";
import { InstanceRow } from "./instance-row.tsx";
import { type RoutingChange, useSetRouting } from "./queries.ts";
import { takesCalls, wouldTakeLastOut } from "./service-health.ts";
import "./instance-panel.css";

const LAST_SECONDS = 10;
const JUST_SWITCHED_MS = 6000;

/** The instances of a service: states, traffic, and in or out of routing, one by one or several at once. */
export function InstancePanel({ service }: { readonly service: Service }) {
  const { t } = useTranslation();
  const api = useApi();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const changeRouting = useRoutingChange(service);
  const callable = takesCalls(service);
  const traffic = useQuery({
    ...callsQuery(api, {
      service: service.name,
      side: service.kind === ServiceKind.EXTERNAL ? CallSide.CLIENT : CallSide.SERVER,
      spanMs: LAST_SECONDS * 1000,
      stepS: 1,
      byInstance: true,
      pollMs: isSwitching(service) ? 500 : 1000,
    }),
    enabled: callable,
  });
  const { instances } = service;
  const all = instances.length > 0 && instances.every((instance) => chosen.has(instance.id));
  const toggle = (id: string) =>
    setChosen((old) => new Set(old.has(id) ? [...old].filter((one) => one !== id) : [...old, id]));
  const apply = (inRouting: boolean) => {
    const ids = instances.filter((one) => chosen.has(one.id) && one.inRouting !== inRouting).map((one) => one.id);
    changeRouting.request({ instanceIds: ids, inRouting }, () => setChosen(new Set()));
  };
  if (instances.length === 0) {
    return (
      <Panel title={t("service.instances")}>
        <Notice title={t("instance.emptyTitle")}>{t("instance.emptyTodo")}</Notice>
      </Panel>
    );
  }
  const selected = instances.filter((one) => chosen.has(one.id));
  return (
    <Panel
      title={t("service.instances")}
      count={selected.length > 0 ? t("instance.selected", { count: selected.length }) : instances.length}
      tools={
        callable && (
          <>
            <Button size="small" disabled={!selected.some((one) => !one.inRouting)} onClick={() => apply(true)}>
              {t("action.takeIn")}
            </Button>
            <Button size="small" disabled={!selected.some((one) => one.inRouting)} onClick={() => apply(false)}>
              {t("action.takeOut")}
            </Button>
          </>
        )
      }
    >
      <div className="scroll-x">
        <table className="grid instances" aria-label={t("service.instances")}>
          <thead>
            <tr>
              <th>
                <span className="lead-cells">
                  {callable && (
                    <Checkbox
                      aria-label={t("instance.selectAll")}
                      checked={all}
                      indeterminate={!all && selected.length > 0}
                      onChange={() => setChosen(all ? new Set() : new Set(instances.map((one) => one.id)))}
                    />
                  )}
                  {t("column.address")}
                </span>
              </th>
              <th>{t("column.state")}</th>
              {callable && <th>{t("column.routing")}</th>}
              {callable && (
                <th className="num" title={t("instance.trafficHint")}>
                  {t("column.callsPerSecond")}
                </th>
              )}
              <th className="col-wide">{t("column.host")}</th>
              <th className="num">{t("column.pid")}</th>
              <th className="num">{t("column.uptime")}</th>
              <th className="num">{t("column.memory")}</th>
              <th className="num">{t("column.cpu")}</th>
              <th className="num">{t("column.restarts")}</th>
            </tr>
          </thead>
          <tbody>
            {instances.map((instance) => (
              <InstanceRow
                key={instance.id}
                instance={instance}
                callable={callable}
                curve={traffic.data?.curves.find((curve) => curve.instance === `${instance.address}:${instance.port}`)}
                trafficKnown={traffic.data !== undefined && !traffic.isError}
                chosen={chosen.has(instance.id)}
                onChoose={() => toggle(instance.id)}
                pending={changeRouting.pending.has(instance.id)}
                onRouting={(inRouting) => changeRouting.request({ instanceIds: [instance.id], inRouting })}
              />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** Whether the routing of an instance was changed moments ago, so that somebody is watching what it does. */
function isSwitching(service: Service): boolean {
  return service.instances.some((instance) => serverNow() - instance.routingChangedMs < JUST_SWITCHED_MS);
}

/** Changes routing; asks first only where nobody would be left to answer calls. */
function useRoutingChange(service: Service) {
  const { t } = useTranslation();
  const { modal, message } = App.useApp();
  const setRouting = useSetRouting();
  const run = async (change: RoutingChange, onDone?: () => void) => {
    try {
      await setRouting.mutateAsync(change);
      onDone?.();
    } catch (error) {
      const { kind, detail } = failureFrom(error);
      void message.error(`${t("instance.routingFailed")} ${detail || t(`failure.${kind}.todo`)}`);
    }
  };
  const request = (change: RoutingChange, onDone?: () => void) => {
    if (change.inRouting || !wouldTakeLastOut(service.instances, new Set(change.instanceIds))) {
      void run(change, onDone);
      return;
    }
    modal.confirm({
      title: t("instance.lastTitle", { service: service.name }),
      content: t("instance.lastBody"),
      okText: t("action.takeOut"),
      okButtonProps: { danger: true },
      cancelText: t("action.cancel"),
      focusable: { autoFocusButton: "cancel" },
      icon: null,
      onOk: () => run(change, onDone),
    });
  };
  const pending = new Set(setRouting.isPending ? setRouting.variables.instanceIds : []);
  return { request, pending };
}
