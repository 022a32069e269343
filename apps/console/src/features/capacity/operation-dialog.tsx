import { OperationKind } from "@msec/api/console/v1/capacity_pb.js";
import type { Instance } from "@msec/api/console/v1/registry_pb.js";
import { Checkbox, InputNumber, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useComplaint } from "../../lib/use-complaint.ts";
import { useNow } from "../../lib/use-now.ts";
import { FormField } from "../../ui/form-field.tsx";
import { Status } from "../../ui/status-mark.tsx";
import { appliesTo, forceNeed } from "./applicable.ts";
import { kindKey, placeOf } from "./operation-words.ts";
import { useExpectRouting, useStartOperation } from "./queries.ts";
import "./capacity.css";

const STEP_SECONDS = 60;
const ADDRESSES_SHOWN = 12;

/** What an operation is asked about before it begins. */
export interface OperationDialogProps {
  readonly kind: OperationKind;
  readonly chosen: readonly Instance[];
  /** All instances of the services of the chosen ones. */
  readonly all: readonly Instance[];
  readonly onClose: () => void;
  readonly onBegun: () => void;
}

const question = {
  [OperationKind.UNSPECIFIED]: "operation.askIn",
  [OperationKind.IN]: "operation.askIn",
  [OperationKind.OUT]: "operation.askOut",
  [OperationKind.STOP]: "operation.askStop",
  [OperationKind.START]: "operation.askStart",
  [OperationKind.RESTART]: "operation.askRestart",
  [OperationKind.RELOAD]: "operation.askReload",
} as const;

/** Asks before an operation: what will happen to which instances, how long a step may take, and force where the server would refuse. */
export function OperationDialog({ kind, chosen, all, onClose, onBegun }: OperationDialogProps) {
  const { t } = useTranslation();
  const now = useNow();
  const complain = useComplaint();
  const start = useStartOperation();
  const expectRouting = useExpectRouting();
  const [seconds, setSeconds] = useState(STEP_SECONDS);
  const [batch, setBatch] = useState(1);
  const [force, setForce] = useState(false);
  const instances = chosen.filter((instance) => appliesTo(kind, instance));
  const need = forceNeed(kind, instances, all, batch, now);
  const word = t(`operation.kind.${kindKey[kind]}`);
  const isOneByOne = kind === OperationKind.RESTART || kind === OperationKind.RELOAD;
  const submit = async () => {
    const instanceIds = instances.map(({ id }) => id);
    try {
      await start.mutateAsync({
        kind,
        instanceIds,
        stepTimeoutMs: seconds * 1000,
        force,
        batch: isOneByOne ? batch : 0,
      });
      if (kind === OperationKind.IN || kind === OperationKind.OUT)
        expectRouting(instanceIds, kind === OperationKind.IN);
      onBegun();
      onClose();
    } catch (error) {
      complain(t("operation.notStarted"), error);
    }
  };
  return (
    <Modal
      open
      width={600}
      title={t("operation.of", { kind: word, count: instances.length })}
      okText={word}
      cancelText={t("action.cancel")}
      okButtonProps={{
        danger: need !== undefined,
        loading: start.isPending,
        disabled: instances.length === 0 || (need !== undefined && !force),
      }}
      onOk={() => void submit()}
      onCancel={onClose}
    >
      <p className="dialog-lead">{t(question[kind])}</p>
      {instances.length < chosen.length && (
        <p className="muted">{t("operation.notOne", { total: chosen.length, count: instances.length })}</p>
      )}
      <ul className="dialog-addresses" aria-label={t("operation.instances")}>
        {instances.slice(0, ADDRESSES_SHOWN).map((instance) => (
          <li key={instance.id}>
            <span className="mono">{placeOf(instance)}</span> <span className="muted">{instance.service}</span>
          </li>
        ))}
        {instances.length > ADDRESSES_SHOWN && (
          <li className="muted">{t("capacity.distribution.more", { count: instances.length - ADDRESSES_SHOWN })}</li>
        )}
      </ul>
      <div className="form-grid dialog-form">
        <FormField name={t("operation.timeout")} for="operation-timeout" hint={t("operation.seconds")}>
          <InputNumber
            id="operation-timeout"
            min={1}
            max={3600}
            precision={0}
            value={seconds}
            onChange={(value) => setSeconds(value ?? STEP_SECONDS)}
          />
        </FormField>
        {isOneByOne && (
          <FormField name={t("operation.batch")} for="operation-batch" hint={t("operation.batchHint")}>
            <InputNumber
              id="operation-batch"
              min={1}
              max={1000}
              precision={0}
              value={batch}
              onChange={(value) => setBatch(value ?? 1)}
            />
          </FormField>
        )}
      </div>
      <p className="muted dialog-note">{t("operation.timeoutHint")}</p>
      {need !== undefined && (
        <div className="dialog-force">
          <Status mark="warn">
            {need.kind === "last"
              ? t("operation.forceNeededOut", { service: need.service })
              : t("operation.forceNeededIn", { address: need.address })}
          </Status>
          <Checkbox checked={force} onChange={(event) => setForce(event.target.checked)}>
            <strong>{t("operation.force")}.</strong>{" "}
            {t(need.kind === "last" ? "operation.forceOut" : "operation.forceIn")}
          </Checkbox>
        </div>
      )}
    </Modal>
  );
}
