import { OperationState } from "@msec/api/console/v1/capacity_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { formatClock } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { useNow } from "../../lib/use-now.ts";
import { Panel } from "../../ui/panel.tsx";
import { Status } from "../../ui/status-mark.tsx";
import { OperationProgress } from "./operation-progress.tsx";
import { kindKey, operationStateView, outcomeText } from "./operation-words.ts";
import { operationsQuery, runningQuery } from "./queries.ts";
import "./capacity.css";

// How long the end of an operation stays on the page that showed it run.
const ENDED_MS = 60_000;

/**
 * The operations that run, and how those of the last minute ended; nothing where there are none.
 *
 * @param service    only those that touch it; empty: all
 * @param withEnded  also those that ended in the last minute; default true
 */
export function RunningOperations({
  service,
  withEnded = true,
}: {
  readonly service: string;
  readonly withEnded?: boolean;
}) {
  const { t } = useTranslation();
  const api = useApi();
  const now = useNow();
  const running = useQuery(runningQuery(api, service)).data?.operations ?? [];
  const recent = useQuery(operationsQuery(api, service)).data?.operations ?? [];
  const shown = new Set(running.map(({ id }) => id));
  const ended = recent.filter(
    ({ id, state, endedMs }) =>
      withEnded &&
      state !== OperationState.RUNNING &&
      !shown.has(id) &&
      Math.max(now, serverNow()) - endedMs < ENDED_MS,
  );
  if (running.length === 0 && ended.length === 0) return null;
  return (
    <Panel title={t("capacity.operations")} count={running.length > 0 ? running.length : undefined}>
      <div className="operations" aria-live="polite">
        {running.map((operation) => (
          <OperationProgress key={operation.id} operation={operation} />
        ))}
        {ended.map((operation) => {
          const view = operationStateView[operation.state];
          const kind = t(`operation.kind.${kindKey[operation.kind]}`);
          return (
            <div key={operation.id} className="operation-head">
              <Status mark={view.mark}>
                {t("operation.of", { kind, count: operation.instances.length })}: {t(view.key)}
              </Status>
              <span className="muted clip" title={outcomeText(t, operation)}>
                {formatClock(operation.endedMs)} · {outcomeText(t, operation)}
              </span>
              <Link className="link" to="/capacity" search={{ view: "operations", operation: operation.id }}>
                {t("capacity.operations")}
              </Link>
            </div>
          );
        })}
      </div>
    </Panel>
  );
}
