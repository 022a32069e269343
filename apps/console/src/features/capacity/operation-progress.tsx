import { type Operation, type OperationInstance, OperationStep } from "@msec/api/console/v1/capacity_pb.js";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { formatClock, formatElapsed } from "../../lib/format.ts";
import { useComplaint } from "../../lib/use-complaint.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { Status } from "../../ui/status-mark.tsx";
import { kindKey, operationStateView, placeOf, stepLeftMs, stepLines, walkOf } from "./operation-words.ts";
import { useCapacityChange } from "./queries.ts";
import "./capacity.css";

/** An operation that runs, with the place of each of its instances on its way, and the button that gives it up. */
export function OperationProgress({ operation }: { readonly operation: Operation }) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const api = useApi();
  const complain = useComplaint();
  const cancel = useCapacityChange(() => api.capacity.cancelOperation({ id: operation.id }));
  const kind = t(`operation.kind.${kindKey[operation.kind]}`);
  const done = operation.instances.filter(({ step }) => step === OperationStep.DONE).length;
  const ask = () =>
    modal.confirm({
      title: t("operation.cancelTitle"),
      content: t("operation.cancelBody"),
      okText: t("operation.cancelConfirm"),
      okButtonProps: { danger: true },
      cancelText: t("operation.keep"),
      focusable: { autoFocusButton: "cancel" },
      icon: null,
      onOk: () => cancel.mutateAsync(undefined).catch((error) => complain(t("operation.notCancelled"), error)),
    });
  return (
    <section className="operation" aria-label={t("operation.of", { kind, count: operation.instances.length })}>
      <div className="operation-head">
        <Status mark={operationStateView[operation.state].mark}>
          <strong>{t("operation.of", { kind, count: operation.instances.length })}</strong>
        </Status>
        <span className="muted">
          {t("operation.progress", { done, total: operation.instances.length })} ·{" "}
          {t("operation.begun", { time: formatClock(operation.startedMs), by: operation.startedBy })}
        </span>
        <Button size="small" loading={cancel.isPending} onClick={ask}>
          {t("operation.cancel")}
        </Button>
      </div>
      <OperationInstances operation={operation} />
    </section>
  );
}

/** What each instance of an operation is at, or came to. */
export function OperationInstances({ operation }: { readonly operation: Operation }) {
  return (
    <ul className="operation-instances">
      {operation.instances.map((instance) => (
        <InstanceProgress key={instance.instanceId} operation={operation} instance={instance} />
      ))}
    </ul>
  );
}

function InstanceProgress({ operation, instance }: { operation: Operation; instance: OperationInstance }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  const left = stepLeftMs(operation, instance, now);
  const [head, ...rest] = stepLines(t, language, operation, instance, now);
  return (
    <li>
      <span className="operation-place">
        <span className="mono">{placeOf(instance)}</span>
        <span className="muted">{instance.service}</span>
      </span>
      <ol className="walk">
        {walkOf(operation, instance).map(({ name, place }) => (
          <li key={name} className={place} aria-current={place === "now" ? "step" : undefined}>
            {t(`operation.walk.${name}`)}
          </li>
        ))}
      </ol>
      <span className="operation-words">
        <span className={instance.step === OperationStep.FAILED ? "fail" : ""}>{head}</span>
        {left !== undefined && (
          <span className="muted"> · {t("operation.step.left", { age: formatElapsed(left, language) })}</span>
        )}
        {rest.map((line) => (
          <span key={line} className="operation-more">
            {line}
          </span>
        ))}
      </span>
    </li>
  );
}
