import { Transport } from "@msec/api/agent/v1/common_pb.js";
import { type Instance, type Service, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { App, Checkbox, Input, InputNumber, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { failureFrom } from "../../lib/failure.ts";
import { useComplaint } from "../../lib/use-complaint.ts";
import { FormField } from "../../ui/form-field.tsx";
import { placeOf } from "../capacity/operation-words.ts";
import { useCapacityChange } from "../capacity/queries.ts";
import { hostsQuery } from "../host/queries.ts";
import { parseEndpoints } from "./endpoint-list.ts";
import { limitsDraft, settingsOf, transportName } from "./instance-limits.ts";
import { LimitsFields } from "./limits-fields.tsx";
import "../capacity/capacity.css";

const WEIGHT = 100;

/** A form in a dialog. */
interface DialogProps {
  readonly onClose: () => void;
}

/** Asks for an instance of a service: on which host, or, of an external service, at which addresses. */
export function AddInstance({ service, onClose }: DialogProps & { readonly service: Service }) {
  return service.kind === ServiceKind.EXTERNAL ? (
    <AddExternal service={service} onClose={onClose} />
  ) : (
    <AddStandard service={service} onClose={onClose} />
  );
}

function AddStandard({ service, onClose }: DialogProps & { service: Service }) {
  const { t } = useTranslation();
  const api = useApi();
  const { message } = App.useApp();
  const complain = useComplaint();
  const hosts = useQuery(hostsQuery(api)).data?.hosts ?? [];
  const [chosenHost, setHost] = useState<string>();
  const [address, setAddress] = useState("");
  const [port, setPort] = useState(service.defaultPort);
  const [start, setStart] = useState(true);
  const [draft, setDraft] = useState(limitsDraft(WEIGHT, undefined));
  const hostId = chosenHost ?? (hosts.length === 1 ? hosts[0]?.id : undefined);
  const add = useCapacityChange((host: string) =>
    api.registry.addInstance({
      service: service.name,
      hostId: host,
      address: address.trim(),
      port,
      weight: draft.weight,
      settings: settingsOf(draft),
      stopped: !start,
    }),
  );
  const submit = async () => {
    if (hostId === undefined) return;
    try {
      await add.mutateAsync(hostId);
      void message.success(t("instanceForm.added", { count: 1 }));
      onClose();
    } catch (error) {
      complain("", error);
    }
  };
  return (
    <Modal
      open
      width={600}
      title={t("instanceForm.addTitle", { service: service.name })}
      okText={t("instanceForm.add")}
      cancelText={t("action.cancel")}
      okButtonProps={{ disabled: hostId === undefined, loading: add.isPending }}
      onOk={() => void submit()}
      onCancel={onClose}
    >
      <p className="muted dialog-lead">{t(hosts.length === 0 ? "instanceForm.hostNone" : "instanceForm.addLead")}</p>
      <div className="form-grid dialog-form">
        <FormField name={t("instanceForm.host")} for="instance-host">
          <Select
            id="instance-host"
            style={{ width: 280 }}
            showSearch={{ optionFilterProp: "label" }}
            value={hostId ?? null}
            options={hosts.map(({ id, name, address: own, connected }) => ({
              value: id,
              label: connected ? `${name} (${own})` : t("instanceForm.hostLost", { host: `${name} (${own})` }),
            }))}
            onChange={(value) => setHost(value ?? undefined)}
          />
        </FormField>
        <FormField name={t("instanceForm.address")} for="instance-address" hint={t("instanceForm.addressHint")}>
          <Input
            id="instance-address"
            style={{ width: 200 }}
            maxLength={253}
            value={address}
            onChange={(event) => setAddress(event.target.value)}
          />
        </FormField>
        <FormField name={t("instanceForm.port")} for="instance-port" hint={t("instanceForm.portHint")}>
          <InputNumber
            id="instance-port"
            min={0}
            max={65_535}
            precision={0}
            value={port}
            onChange={(value) => setPort(value ?? 0)}
          />
        </FormField>
        <LimitsFields draft={draft} external={false} onChange={setDraft} />
        <FormField name="">
          <Checkbox checked={start} onChange={(event) => setStart(event.target.checked)}>
            {t("instanceForm.start")}
          </Checkbox>
        </FormField>
      </div>
    </Modal>
  );
}

const transports = [Transport.TCP, Transport.UDP, Transport.TCP_AND_UDP] as const;

function AddExternal({ service, onClose }: DialogProps & { service: Service }) {
  const { t } = useTranslation();
  const api = useApi();
  const { message } = App.useApp();
  const [text, setText] = useState("");
  const [transport, setTransport] = useState<Transport>(Transport.TCP);
  const [draft, setDraft] = useState(limitsDraft(WEIGHT, undefined));
  const [partly, setPartly] = useState("");
  const parsed = parseEndpoints(text, service.defaultPort);
  const fault = "kind" in parsed ? parsed : undefined;
  const add = useCapacityChange(async () => {
    if ("kind" in parsed) return;
    for (const [done, { address, port }] of parsed.entries()) {
      try {
        await api.registry.addInstance({ service: service.name, address, port, transport, weight: draft.weight });
      } catch (error) {
        const { kind, detail } = failureFrom(error);
        const reason = detail || t(`failure.${kind}.todo`);
        setPartly(t("instanceForm.partly", { done, total: parsed.length, address: `${address}:${port}`, reason }));
        // What was added is not asked for again.
        setText(
          parsed
            .slice(done)
            .map((rest) =>
              rest.address.includes(":") ? `[${rest.address}]:${rest.port}` : `${rest.address}:${rest.port}`,
            )
            .join("\n"),
        );
        return;
      }
    }
    void message.success(t("instanceForm.added", { count: parsed.length }));
    onClose();
  });
  const complaint =
    fault === undefined
      ? partly
      : fault.kind === "bad"
        ? t("instanceForm.endpointsBad", { text: fault.text })
        : fault.kind === "twice"
          ? t("instanceForm.endpointsTwice", { text: fault.text })
          : t("instanceForm.endpointsMany", { count: fault.count });
  return (
    <Modal
      open
      width={600}
      title={t("instanceForm.addExternalTitle", { service: service.name })}
      okText={t("instanceForm.add")}
      cancelText={t("action.cancel")}
      okButtonProps={{ disabled: "kind" in parsed || parsed.length === 0, loading: add.isPending }}
      onOk={() => add.mutate(undefined)}
      onCancel={onClose}
    >
      <p className="muted dialog-lead">{t("instanceForm.addExternalLead")}</p>
      <div className="form-grid dialog-form">
        <FormField
          name={t("instanceForm.endpoints")}
          for="instance-endpoints"
          hint={t("instanceForm.endpointsHint")}
          tall
        >
          <Input.TextArea
            id="instance-endpoints"
            autoSize={{ minRows: 3, maxRows: 10 }}
            maxLength={30_000}
            placeholder="10.0.0.1:6379"
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setPartly("");
            }}
          />
          {complaint !== "" && (
            <span className="fail" role="alert">
              {complaint}
            </span>
          )}
        </FormField>
        <FormField name={t("instanceForm.transport")} for="instance-transport">
          <Select
            id="instance-transport"
            style={{ width: 160 }}
            value={transport}
            options={transports.map((value) => ({ value, label: transportName[value] }))}
            onChange={setTransport}
          />
        </FormField>
        <LimitsFields draft={draft} external onChange={setDraft} />
      </div>
    </Modal>
  );
}

/** Changes weight and limits of an instance. */
export function EditInstance({ instance, onClose }: DialogProps & { readonly instance: Instance }) {
  const { t } = useTranslation();
  const api = useApi();
  const { message } = App.useApp();
  const complain = useComplaint();
  const external = instance.hostId === "";
  const [draft, setDraft] = useState(limitsDraft(instance.weight, instance.settings));
  const save = useCapacityChange(() =>
    api.registry.setInstance({
      instanceId: instance.id,
      weight: draft.weight,
      ...(external ? {} : { settings: settingsOf(draft) }),
    }),
  );
  const submit = async () => {
    try {
      await save.mutateAsync(undefined);
      void message.success(t("instanceForm.saved"));
      onClose();
    } catch (error) {
      complain("", error);
    }
  };
  return (
    <Modal
      open
      width={560}
      title={t("instanceForm.editTitle", { address: placeOf(instance) })}
      okText={t("instanceForm.save")}
      cancelText={t("action.cancel")}
      okButtonProps={{ loading: save.isPending }}
      onOk={() => void submit()}
      onCancel={onClose}
    >
      <p className="muted dialog-lead">{t("instanceForm.editLead")}</p>
      <div className="form-grid dialog-form">
        <LimitsFields draft={draft} external={external} onChange={setDraft} />
      </div>
    </Modal>
  );
}
