import type { GetFlowResponse } from "@msec/api/console/v1/telemetry_pb.js";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { lazy, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { codeName } from "../../lib/code-name.ts";
import { FailureKind, failureFrom } from "../../lib/failure.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { formatDateTime, formatDuration } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Mark, Status } from "../../ui/status-mark.tsx";
import type { DiagramAddress } from "./diagram-frame.tsx";
import { buildFlowGraph } from "./flow-graph.ts";
import { buildHops, extentOf, flattenHops, isInternal, isPartial } from "./hop-tree.ts";
import { LogLines } from "./log-lines.tsx";
import { flowQuery, isStillExpected, looseLinesQuery } from "./queries.ts";
import { requestIdFrom } from "./request-id.ts";
import { Waterfall } from "./waterfall.tsx";
import "./flow-page.css";

// React Flow and elk come with the first diagram only.
const FlowDiagram = lazy(async () => ({ default: (await import("./flow-diagram.tsx")).FlowDiagram }));

/** Which request, and which call of it is open. */
export interface FlowPageProps {
  /** As it stands in the address: any form of a request id. */
  readonly id: string;
  /** The call whose details are open. */
  readonly hop: string | undefined;
  readonly onHop: (hop: string | undefined) => void;
  /** What part of the diagram is seen. */
  readonly diagram: DiagramAddress;
}

/** The path of one request: diagram, waterfall and log lines. */
export function FlowPage({ id, ...rest }: FlowPageProps) {
  const { t } = useTranslation();
  const requestId = requestIdFrom(id);
  if (requestId === undefined) {
    return (
      <div className="page">
        <div className="page-head">
          <h1>{t("flow.title")}</h1>
        </div>
        <section className="panel">
          <Notice mark={Mark.Fail} title={t("flow.badIdTitle", { id: id.slice(0, 80) })} role="alert">
            {t("search.refused")}
          </Notice>
        </section>
      </div>
    );
  }
  return <KnownFlow key={requestId} requestId={requestId} {...rest} />;
}

function KnownFlow({ requestId, ...body }: { requestId: string } & Omit<FlowPageProps, "id">) {
  const [sinceMs, setSinceMs] = useState(serverNow);
  const flow = useQuery(flowQuery(useApi(), requestId, sinceMs));
  const missing =
    flow.data === undefined
      ? flow.isError && failureFrom(flow.error).kind === FailureKind.NotFound
      : flow.data.spans.length === 0;
  const retry = () => {
    setSinceMs(serverNow());
    void flow.refetch();
  };
  return (
    <div className="page">
      <FlowHead requestId={requestId} flow={missing ? undefined : flow.data} />
      {flow.isPending && <Loading label={requestId} lines={8} />}
      {missing && <NotFoundYet requestId={requestId} waiting={isStillExpected(sinceMs)} onRetry={retry} />}
      {flow.isError && !missing && <FailureNotice error={flow.error} onRetry={retry} />}
      {flow.data !== undefined && !missing && <FlowBody flow={flow.data} {...body} />}
    </div>
  );
}

function NotFoundYet({ requestId, waiting, onRetry }: { requestId: string; waiting: boolean; onRetry: () => void }) {
  const { t } = useTranslation();
  const { data: lines = [] } = useQuery(looseLinesQuery(useApi(), requestId));
  if (lines.length > 0) {
    return (
      <>
        <section className="panel">
          <Notice mark={Mark.Progress} title={t("flow.runningTitle")}>
            {t("flow.runningTodo")}
          </Notice>
        </section>
        <Panel
          title={t("flow.logs")}
          count={lines.length}
          tools={
            <Link className="link" to="/logs" search={{ request: requestId }}>
              {t("flow.toLogs")}
            </Link>
          }
        >
          <LogLines logs={lines} startUs={lines[0]!.timeUs} chosen={undefined} />
        </Panel>
      </>
    );
  }
  return (
    <section className="panel">
      {waiting ? (
        <Notice mark={Mark.Progress} title={t("flow.waitingTitle")}>
          {t("flow.waitingTodo")}
        </Notice>
      ) : (
        <Notice
          mark={Mark.Unknown}
          title={t("flow.missingTitle")}
          actions={<Button onClick={onRetry}>{t("action.retry")}</Button>}
        >
          {t("flow.missingTodo")}
        </Notice>
      )}
    </section>
  );
}

function FlowHead({ requestId, flow }: { requestId: string; flow: GetFlowResponse | undefined }) {
  const { t } = useTranslation();
  const hops = useMemo(() => buildHops(flow?.spans ?? []), [flow]);
  const id = flow?.requestId || requestId;
  const extent = extentOf(hops);
  const calls = flattenHops(hops).filter((one) => !isInternal(one));
  const failures = calls.filter((one) => one.code !== 0).length;
  const root = hops[0];
  const partial = isPartial(hops);
  return (
    <div className="page-head">
      <div>
        <p className="lead">{t("flow.title")}</p>
        <h1 className="flow-id mono">
          {id}
          <CopyButton text={id} label={t("flow.copyId")} doneLabel={t("action.copied")} />
        </h1>
      </div>
      {root !== undefined && (
        <dl className="facts">
          <div>
            <dt>{t("column.result")}</dt>
            {partial ? (
              <dd>
                <Status mark={Mark.Progress}>{t("flow.resultOpen")}</Status>
              </dd>
            ) : (
              <dd className={root.code === 0 ? "" : "fail"}>
                <Status mark={root.code !== 0 ? Mark.Fail : failures > 0 ? Mark.Warn : Mark.Ok}>
                  {codeName(root.code)}
                </Status>
              </dd>
            )}
          </div>
          <div>
            <dt>{t("column.duration")}</dt>
            <dd>{formatDuration(extent.durationUs)}</dd>
          </div>
          <div>
            <dt>{t("flow.calls")}</dt>
            <dd>
              {calls.length}
              {failures > 0 && <span className="fail"> · {t("flow.failures", { count: failures })}</span>}
            </dd>
          </div>
          <div>
            <dt>{t("flow.began")}</dt>
            <dd>{formatDateTime(extent.startUs / 1000)}</dd>
          </div>
        </dl>
      )}
    </div>
  );
}

function FlowBody({ flow, hop, onHop, diagram }: { flow: GetFlowResponse } & Omit<FlowPageProps, "id">) {
  const { t } = useTranslation();
  const hops = useMemo(() => buildHops(flow.spans), [flow.spans]);
  const graph = useMemo(() => buildFlowGraph(hops), [hops]);
  const all = flattenHops(hops);
  const chosen = all.find((one) => one.id === hop);
  const silent = all.filter((one) => one.server === undefined).length;
  return (
    <>
      {flow.truncated && (
        <section className="panel">
          <Notice mark={Mark.Warn} title={t("flow.truncatedTitle")}>
            {t("flow.truncatedTodo")}
          </Notice>
        </section>
      )}
      {isPartial(hops) && (
        <section className="panel">
          <Notice mark={Mark.Progress} title={t("flow.partialTitle")}>
            {t("flow.partialTodo")}
          </Notice>
        </section>
      )}
      <Panel title={t("flow.diagram")} count={graph.byService ? t("flow.byService") : undefined}>
        <Suspense fallback={<Loading label={t("flow.diagram")} lines={6} />}>
          <FlowDiagram graph={graph} chosen={chosen?.id} onChoose={onHop} {...diagram} />
        </Suspense>
      </Panel>
      <Panel
        title={t("flow.waterfall")}
        count={silent > 0 ? t("flow.oneSided", { count: silent }) : undefined}
        tools={<WaterfallKey />}
      >
        <Waterfall hops={hops} chosen={chosen?.id} onChoose={onHop} />
      </Panel>
      <Panel
        title={t("flow.logs")}
        count={flow.logs.length}
        tools={
          <Link className="link" to="/logs" search={{ request: flow.requestId, ...logRange(extentOf(hops)) }}>
            {t("flow.toLogs")}
          </Link>
        }
      >
        <LogLines logs={flow.logs} startUs={extentOf(hops).startUs} chosen={chosen} />
      </Panel>
    </>
  );
}

const AROUND_MS = 60_000;

/** The minutes around a request, as the log page wants them. */
function logRange({ startUs, durationUs }: { startUs: number; durationUs: number }): { from: number; to: number } {
  return {
    from: Math.floor(startUs / 1_000) - AROUND_MS,
    to: Math.ceil((startUs + durationUs) / 1_000) + AROUND_MS,
  };
}

function WaterfallKey() {
  const { t } = useTranslation();
  return (
    <ul className="waterfall-key">
      <li>
        <i className="network" />
        {t("flow.network")}
      </li>
      <li>
        <i className="queue" />
        {t("flow.queue")}
      </li>
      <li>
        <i className="work" />
        {t("flow.work")}
      </li>
    </ul>
  );
}
