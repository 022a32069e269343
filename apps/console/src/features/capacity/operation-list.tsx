import { type Operation, OperationState } from "@msec/api/console/v1/capacity_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatDateTime, formatElapsed } from "../../lib/format.ts";
import { useLanguage } from "../../lib/use-language.ts";
import { useNow } from "../../lib/use-now.ts";
import { Expander } from "../../ui/expander.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Status } from "../../ui/status-mark.tsx";
import { OperationInstances } from "./operation-progress.tsx";
import { kindKey, operationStateView, outcomeText } from "./operation-words.ts";
import { operationsQuery } from "./queries.ts";
import "./capacity.css";

/** Which operation is open. */
export interface OperationListProps {
  readonly open: string | undefined;
  readonly onOpen: (id: string | undefined) => void;
}

/** The newest operations with how they ended; one can be opened to see every instance of it. */
export function OperationList({ open, onOpen }: OperationListProps) {
  const { t } = useTranslation();
  const found = useQuery(operationsQuery(useApi()));
  const list = found.data?.operations ?? [];
  return (
    <Panel title={t("capacity.operations")} count={list.length}>
      {found.isPending && <Loading label={t("capacity.operations")} lines={5} />}
      {found.isError && <FailureNotice error={found.error} onRetry={found.refetch} besideData={list.length > 0} />}
      {found.data !== undefined && list.length === 0 && (
        <Notice title={t("capacity.noOperationsTitle")}>{t("capacity.noOperationsTodo")}</Notice>
      )}
      {list.length > 0 && (
        <div className="scroll-x">
          <table className="grid capacity" aria-label={t("capacity.operations")}>
            <thead>
              <tr>
                <th>{t("capacity.column.kind")}</th>
                <th>{t("capacity.column.state")}</th>
                <th>{t("column.service")}</th>
                <th>{t("capacity.column.summary")}</th>
                <th>{t("capacity.column.started")}</th>
                <th className="num">{t("capacity.column.took")}</th>
                <th className="col-wide">{t("capacity.column.by")}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((operation) => (
                <Fragment key={operation.id}>
                  <OperationRow
                    operation={operation}
                    open={open === operation.id}
                    onToggle={() => onOpen(open === operation.id ? undefined : operation.id)}
                  />
                  {open === operation.id && (
                    <tr className="inner">
                      <td colSpan={7}>
                        <OperationInstances operation={operation} />
                      </td>
                    </tr>
                  )}
                </Fragment>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function OperationRow({ operation, open, onToggle }: { operation: Operation; open: boolean; onToggle: () => void }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  const view = operationStateView[operation.state];
  const title = t("operation.of", {
    kind: t(`operation.kind.${kindKey[operation.kind]}`),
    count: operation.instances.length,
  });
  const services = [...new Set(operation.instances.map(({ service }) => service))];
  const endMs = operation.state === OperationState.RUNNING ? now : operation.endedMs;
  return (
    <tr className="row">
      <td>
        <span className="row-flex" style={{ gap: 6 }}>
          <Expander
            open={open}
            label={t("capacity.openOperation", { operation: `${title} ${formatDateTime(operation.startedMs)}` })}
            onToggle={onToggle}
          />
          {title}
        </span>
      </td>
      <td>
        <Status mark={view.mark}>{t(view.key)}</Status>
      </td>
      <td>
        {services[0]}
        {services.length > 1 && <span className="muted"> +{services.length - 1}</span>}
      </td>
      <td className="operation-summary clip" title={operation.summary}>
        {outcomeText(t, operation)}
      </td>
      <td>{formatDateTime(operation.startedMs)}</td>
      <td className="num">{formatElapsed(endMs - operation.startedMs, language)}</td>
      <td className="col-wide">{operation.startedBy}</td>
    </tr>
  );
}
