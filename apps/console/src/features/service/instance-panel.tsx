import { OperationKind } from "@msec/api/console/v1/capacity_pb.js";
import { type Instance, type Service, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { CallSide } from "@msec/api/console/v1/telemetry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { App, Button, Checkbox } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { useComplaint } from "../../lib/use-complaint.ts";
import { Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { callsQuery } from "../call/queries.ts";
import { forceNeed } from "../capacity/applicable.ts";
import { InstanceActions } from "../capacity/instance-actions.tsx";
import { placeOf } from "../capacity/operation-words.ts";
import { useCapacityChange, useExpectRouting, useRoutingSwitch } from "../capacity/queries.ts";
import { ProcessHeads } from "../host/process-cells.tsx";
import { AddInstance, EditInstance } from "./instance-form.tsx";
import { InstanceRow, LAST_SECONDS } from "./instance-row.tsx";
import { runningReleases } from "./releases.ts";
import { takesCalls } from "./service-health.ts";
import "./instance-panel.css";

const JUST_SWITCHED_MS = 6000;

/** Whose instances, and which of them are open. */
export interface InstancePanelProps {
  readonly service: Service;
  /** Ids. */
  readonly open: readonly string[] | undefined;
  /** Opens one, or closes it. */
  readonly onToggle: (id: string) => void;
}

/** The instances of a service: states, traffic, and in or out of routing, one by one or several at once. */
export function InstancePanel({ service, open = [], onToggle }: InstancePanelProps) {
  const { t } = useTranslation();
  const api = useApi();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [adding, setAdding] = useState(false);
  const [edited, setEdited] = useState<Instance>();
  const routing = useSwitch(service);
  const callable = takesCalls(service);
  const supervised = service.kind !== ServiceKind.EXTERNAL;
  const traffic = useQuery({
    ...callsQuery(api, {
      service: service.name,
      side: service.kind === ServiceKind.EXTERNAL ? CallSide.CLIENT : CallSide.SERVER,
      // More than is shown: what came before tells whether the newest seconds are late.
      spanMs: 2 * LAST_SECONDS * 1000,
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
  const selected = instances.filter((one) => chosen.has(one.id));
  const [usual, other] = runningReleases(instances);
  const add = (
    <Button size="small" onClick={() => setAdding(true)}>
      {t("instanceForm.add")}
    </Button>
  );
  const dialogs = (
    <>
      {adding && <AddInstance service={service} onClose={() => setAdding(false)} />}
      {edited !== undefined && <EditInstance instance={edited} onClose={() => setEdited(undefined)} />}
    </>
  );
  if (instances.length === 0) {
    return (
      <Panel title={t("service.instances")} tools={add}>
        <Notice title={t("instance.emptyTitle")}>{t("instance.emptyTodo")}</Notice>
        {dialogs}
      </Panel>
    );
  }
  return (
    <Panel
      title={t("service.instances")}
      count={selected.length > 0 ? t("instance.selected", { count: selected.length }) : instances.length}
      tools={
        <InstanceActions chosen={selected} all={instances} onBegun={() => setChosen(new Set())}>
          <RemoveButton chosen={selected} onDone={() => setChosen(new Set())} />
          {add}
        </InstanceActions>
      }
    >
      {dialogs}
      <div className="scroll-x">
        <table className="grid instances" aria-label={t("service.instances")}>
          <thead>
            <tr>
              <th>
                <span className="lead-cells">
                  <Checkbox
                    aria-label={t("instance.selectAll")}
                    checked={all}
                    indeterminate={!all && selected.length > 0}
                    onChange={() => setChosen(all ? new Set() : new Set(instances.map((one) => one.id)))}
                  />
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
              {supervised && (
                <>
                  <th className="col-wide">{t("column.host")}</th>
                  <th className="col-wide">{t("column.release")}</th>
                  <ProcessHeads />
                </>
              )}
            </tr>
          </thead>
          <tbody>
            {instances.map((instance) => (
              <InstanceRow
                key={instance.id}
                instance={instance}
                usualRelease={other === undefined ? undefined : usual?.release}
                callable={callable}
                supervised={supervised}
                curve={traffic.data?.curves.find((curve) => curve.instance === `${instance.address}:${instance.port}`)}
                trafficKnown={traffic.data !== undefined && !traffic.isError}
                chosen={chosen.has(instance.id)}
                onChoose={() => toggle(instance.id)}
                pending={routing.pending === instance.id}
                onRouting={(inRouting) => routing.request(instance, inRouting)}
                onEdit={() => setEdited(instance)}
                open={open.includes(instance.id)}
                onOpen={() => onToggle(instance.id)}
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

/** The switch of one instance: an operation like the button's, without a dialog where nothing has to be asked. */
function useSwitch(service: Service) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const complain = useComplaint();
  const change = useRoutingSwitch();
  const expectRouting = useExpectRouting();
  const run = async ({ id }: Instance, inRouting: boolean, force: boolean) => {
    const kind = inRouting ? OperationKind.IN : OperationKind.OUT;
    try {
      await change.mutateAsync({ kind, instanceIds: [id], stepTimeoutMs: 0, force, batch: 0 });
      expectRouting([id], inRouting);
    } catch (error) {
      complain(t("instance.routingFailed"), error);
    }
  };
  const request = (instance: Instance, inRouting: boolean) => {
    const kind = inRouting ? OperationKind.IN : OperationKind.OUT;
    const need = forceNeed(kind, [instance], service.instances, 1, serverNow());
    if (need === undefined) {
      void run(instance, inRouting, false);
      return;
    }
    const last = need.kind === "last";
    modal.confirm({
      title: last
        ? t("instance.lastTitle", { service: service.name })
        : t("operation.forceNeededIn", { address: need.address }),
      content: t(last ? "instance.lastBody" : "operation.forceIn"),
      okText: t(last ? "action.takeOut" : "action.takeIn"),
      okButtonProps: { danger: true },
      cancelText: t("action.cancel"),
      focusable: { autoFocusButton: "cancel" },
      icon: null,
      onOk: () => run(instance, inRouting, true),
    });
  };
  return { request, pending: change.isPending ? change.variables.instanceIds[0] : undefined };
}

/** Removes the chosen instances, which must be out of routing. */
function RemoveButton({ chosen, onDone }: { chosen: readonly Instance[]; onDone: () => void }) {
  const { t } = useTranslation();
  const api = useApi();
  const { modal } = App.useApp();
  const complain = useComplaint();
  const remove = useCapacityChange((instanceIds: string[]) => api.registry.removeInstances({ instanceIds }));
  const routed = chosen.some((one) => one.inRouting);
  const ask = () =>
    modal.confirm({
      title: t("instanceForm.removeTitle", { count: chosen.length }),
      content: (
        <>
          <p className="dialog-lead">{t("instanceForm.removeBody")}</p>
          <p className="mono">{chosen.map(placeOf).join(", ")}</p>
        </>
      ),
      okText: t("instanceForm.remove"),
      okButtonProps: { danger: true },
      cancelText: t("action.cancel"),
      focusable: { autoFocusButton: "cancel" },
      icon: null,
      onOk: async () => {
        try {
          await remove.mutateAsync(chosen.map(({ id }) => id));
          onDone();
        } catch (error) {
          complain("", error);
        }
      },
    });
  return (
    <Button
      size="small"
      disabled={chosen.length === 0 || routed}
      title={routed ? t("instanceForm.removeRouted") : undefined}
      onClick={ask}
    >
      {t("instanceForm.remove")}
    </Button>
  );
}
