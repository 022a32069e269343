import { type Host, RouteState } from "@msec/api/console/v1/registry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { formatBytes } from "../../lib/format.ts";
import { useComplaint } from "../../lib/use-complaint.ts";
import { PushButton } from "../capacity/distribution.tsx";
import { useCapacityChange } from "../capacity/queries.ts";
import { servicesQuery } from "../service/queries.ts";
import { useMonitoringOnly } from "../session/queries.ts";

// As the server (packages/api/proto/msec/console/v1/registry.proto).
const zonePattern = /^[A-Za-z0-9._-]{0,64}$/;

/** The zone of a host; a click opens its form. */
export function ZoneButton({ host }: { readonly host: Host }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        className={host.zone === "" ? "zone muted" : "zone"}
        aria-label={t("hosts.zoneEdit", { host: host.name })}
        onClick={() => setOpen(true)}
      >
        {host.zone || t("hosts.zoneNone")}
      </button>
      {open && <ZoneForm host={host} onClose={() => setOpen(false)} />}
    </>
  );
}

function ZoneForm({ host, onClose }: { host: Host; onClose: () => void }) {
  const { t } = useTranslation();
  const api = useApi();
  const complain = useComplaint();
  const [zone, setZone] = useState(host.zone);
  const save = useCapacityChange(() => api.registry.setHostZone({ hostId: host.id, zone: zone.trim() }));
  const fits = zonePattern.test(zone.trim());
  const submit = async () => {
    if (!fits) return;
    try {
      await save.mutateAsync(undefined);
      onClose();
    } catch (error) {
      complain(t("hosts.failed"), error);
    }
  };
  return (
    <Modal
      open
      width={420}
      title={t("hosts.zoneEdit", { host: host.name })}
      okText={t("hosts.zoneSave")}
      cancelText={t("action.cancel")}
      okButtonProps={{ disabled: !fits, loading: save.isPending }}
      onOk={() => void submit()}
      onCancel={onClose}
    >
      <Input
        autoFocus
        aria-label={t("hosts.zone")}
        maxLength={64}
        placeholder="az1"
        status={fits ? "" : "error"}
        value={zone}
        onChange={(event) => setZone(event.target.value)}
        onPressEnter={() => void submit()}
      />
      <p className={fits ? "muted" : "fail"} style={{ marginTop: 8 }}>
        {t(fits ? "hosts.zoneHint" : "hosts.zoneBad")}
      </p>
    </Modal>
  );
}

/** What an opened host shows above its processes: rates of its disk, why its routes differ, and what can be done with it. */
export function HostFoot({ host }: { readonly host: Host }) {
  const { t } = useTranslation();
  const onlyMonitors = useMonitoringOnly() !== undefined;
  return (
    <div className="host-foot">
      <dl className="facts">
        <div>
          <dt>{t("column.load")}</dt>
          <dd>
            {host.load1m.toFixed(2)} <span className="muted">/ {t("hosts.cores", { count: host.cpus })}</span>
          </dd>
        </div>
        <div>
          <dt>{t("column.memory")}</dt>
          <dd>
            {formatBytes(host.memoryTotalBytes - host.memoryAvailableBytes)}{" "}
            <span className="muted">/ {formatBytes(host.memoryTotalBytes)}</span>
          </dd>
        </div>
        {host.diskTotalBytes > 0 && (
          <div>
            <dt>{t("capacity.column.disk")}</dt>
            <dd>
              {formatBytes(host.diskTotalBytes - host.diskAvailableBytes)}{" "}
              <span className="muted">
                / {formatBytes(host.diskTotalBytes)} ·{" "}
                {t("hosts.diskRates", { read: formatBytes(host.diskReadRate), write: formatBytes(host.diskWriteRate) })}
              </span>
            </dd>
          </div>
        )}
        <div>
          <dt>{t("capacity.column.network")}</dt>
          <dd>
            {formatBytes(host.networkReceiveRate)}/s{" "}
            <span className="muted">· {formatBytes(host.networkTransmitRate)}/s</span>
          </dd>
        </div>
        <div>
          <dt>{t("hosts.agent")}</dt>
          <dd className="mono">{host.agentVersion || "–"}</dd>
        </div>
      </dl>
      <Link className="link nowrap" to="/monitor" search={{ host: host.name, names: "^sys.*$" }}>
        {t("hosts.curves")}
      </Link>
      {host.routeProblem !== "" && <span className="fail">{host.routeProblem}</span>}
      <span className="spacer" />
      {host.routeState !== RouteState.CURRENT && !onlyMonitors && <PushButton hostId={host.id} />}
      <RemoveHostButton host={host} />
    </div>
  );
}

function RemoveHostButton({ host }: { host: Host }) {
  const { t } = useTranslation();
  const api = useApi();
  const { modal } = App.useApp();
  const complain = useComplaint();
  const services = useQuery(servicesQuery(api)).data?.services ?? [];
  const count = services.flatMap(({ instances }) => instances).filter(({ hostId }) => hostId === host.id).length;
  const remove = useCapacityChange(() => api.registry.removeHost({ hostId: host.id }));
  const ask = () =>
    modal.confirm({
      title: t("hosts.removeTitle", { host: host.name }),
      content: count > 0 ? t("hosts.removeFirst", { count }) : t("hosts.removeBody"),
      okText: t("hosts.remove"),
      okButtonProps: { danger: true, disabled: count > 0 },
      cancelText: t("action.cancel"),
      focusable: { autoFocusButton: "cancel" },
      icon: null,
      onOk: async () => {
        try {
          await remove.mutateAsync(undefined);
        } catch (error) {
          complain(t("hosts.failed"), error);
        }
      },
    });
  return (
    <Button size="small" onClick={ask}>
      {t("hosts.remove")}
    </Button>
  );
}
