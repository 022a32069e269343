import { type Service, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { useNavigate } from "@tanstack/react-router";
import { App, Button, Input, InputNumber, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { useComplaint } from "../../lib/use-complaint.ts";
import { FormField } from "../../ui/form-field.tsx";
import { useCapacityChange } from "../capacity/queries.ts";
import { isNewServiceName } from "./service-name.ts";
import "../capacity/capacity.css";

/** The button that adds a service, with its dialog. */
export function AddServiceButton() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {t("instanceForm.addService")}
      </Button>
      {open && <AddService onClose={() => setOpen(false)} />}
    </>
  );
}

function AddService({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const api = useApi();
  const navigate = useNavigate();
  const complain = useComplaint();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<ServiceKind>(ServiceKind.STANDARD);
  const [port, setPort] = useState(0);
  const create = useCapacityChange(() => api.registry.createService({ name: name.trim(), kind, defaultPort: port }));
  const wrong = name.trim() !== "" && !isNewServiceName(name.trim());
  const submit = async () => {
    try {
      await create.mutateAsync(undefined);
      onClose();
      await navigate({ to: "/services/$name", params: { name: name.trim() } });
    } catch (error) {
      complain("", error);
    }
  };
  return (
    <Modal
      open
      width={600}
      title={t("instanceForm.addServiceTitle")}
      okText={t("instanceForm.addService")}
      cancelText={t("action.cancel")}
      okButtonProps={{ disabled: !isNewServiceName(name.trim()), loading: create.isPending }}
      onOk={() => void submit()}
      onCancel={onClose}
    >
      <div className="form-grid dialog-form">
        <FormField name={t("instanceForm.serviceName")} for="service-name" tall>
          <Input
            id="service-name"
            style={{ width: 280 }}
            maxLength={65}
            placeholder="Flight.mod_flight"
            status={wrong ? "error" : ""}
            aria-invalid={wrong}
            value={name}
            onChange={(event) => setName(event.target.value)}
            onPressEnter={() => isNewServiceName(name.trim()) && void submit()}
          />
          <span className={wrong ? "fail" : "hint"}>
            {t(wrong ? "instanceForm.serviceNameBad" : "instanceForm.serviceNameHint")}
          </span>
        </FormField>
        <FormField name={t("instanceForm.kind")} for="service-kind">
          <Select
            id="service-kind"
            style={{ width: 280 }}
            value={kind}
            options={[
              { value: ServiceKind.STANDARD, label: t("instanceForm.kindStandard") },
              { value: ServiceKind.EXTERNAL, label: t("instanceForm.kindExternal") },
            ]}
            onChange={setKind}
          />
        </FormField>
        <FormField
          name={t("instanceForm.defaultPort")}
          for="service-port"
          hint={t("instanceForm.defaultPortHint")}
          tall
        >
          <InputNumber
            id="service-port"
            min={0}
            max={65_535}
            precision={0}
            value={port}
            onChange={(value) => setPort(value ?? 0)}
          />
        </FormField>
      </div>
    </Modal>
  );
}

/** The button that removes a service; it says why where there still are instances. */
export function RemoveServiceButton({ service }: { readonly service: Service }) {
  const { t } = useTranslation();
  const api = useApi();
  const { modal } = App.useApp();
  const navigate = useNavigate();
  const complain = useComplaint();
  const remove = useCapacityChange(() => api.registry.removeService({ name: service.name }));
  const count = service.instances.length;
  const ask = () =>
    modal.confirm({
      title: t("instanceForm.removeServiceTitle", { service: service.name }),
      content: count > 0 ? t("instanceForm.removeServiceFirst", { count }) : t("instanceForm.removeServiceBody"),
      okText: t("instanceForm.removeService"),
      okButtonProps: { danger: true, disabled: count > 0 },
      cancelText: t("action.cancel"),
      focusable: { autoFocusButton: "cancel" },
      icon: null,
      onOk: async () => {
        try {
          await remove.mutateAsync(undefined);
          await navigate({ to: "/" });
        } catch (error) {
          complain("", error);
        }
      },
    });
  return (
    <Button size="small" onClick={ask}>
      {t("instanceForm.removeService")}
    </Button>
  );
}
