import type { FlowSpan } from "@msec/api/console/v1/telemetry_pb.js";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import type { TFunction } from "i18next";
import { Fragment, useState } from "react";
import { useTranslation } from "react-i18next";
import { codeName } from "../../lib/code-name.ts";
import { formatBytes, formatDuration } from "../../lib/format.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { Mark, Status } from "../../ui/status-mark.tsx";
import { CurveRange } from "../call/curves-search.ts";
import { useIsRegistered } from "../service/use-is-registered.ts";
import { shortMethod } from "./flow-graph.ts";
import { barOf, calleeOf, callerOf, extentOf, flattenHops, type Hop, isInternal, networkUs } from "./hop-tree.ts";

const INDENT = 16;
// Deeper calls stand no further to the right: the name of who was called would leave its column.
const INDENTS_MAX = 10;
// Rows that are drawn at once; so many more at each wish.
const ROWS = 500;
// By the numbers of `AttemptReason`.
const REASONS = ["flow.first", "flow.moved", "flow.retry", "flow.hedge"] as const;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** The calls of a request and which of them is open. */
export interface WaterfallProps {
  readonly hops: readonly Hop[];
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
}

/** The calls of a request on a common time axis, each below the call that made it. */
export function Waterfall({ hops, chosen, onChoose }: WaterfallProps) {
  const { t } = useTranslation();
  const [rows, setRows] = useState(ROWS);
  const extent = extentOf(hops);
  const all = flattenHops(hops);
  // Who came here by a link to a call sees it.
  const shown = Math.max(rows, all.findIndex(({ id }) => id === chosen) + 1);
  return (
    <>
      <table className="grid waterfall" aria-label={t("flow.waterfall")}>
        <thead>
          <tr>
            <th className="where">{t("column.service")}</th>
            <th className="method">{t("column.method")}</th>
            <th>
              <span className="visually-hidden">{t("column.time")}</span>
              <span className="time-axis" aria-hidden="true">
                {TICKS.map((part) => (
                  <span key={part} style={{ left: `${part * 100}%` }}>
                    {part === 0 ? "0" : formatDuration(extent.durationUs * part)}
                  </span>
                ))}
              </span>
            </th>
            <th className="num took">{t("column.duration")}</th>
            <th className="result">{t("column.result")}</th>
          </tr>
        </thead>
        <tbody>
          {all.slice(0, shown).map((hop) => (
            <Fragment key={hop.id}>
              <HopRow
                hop={hop}
                extent={extent}
                open={hop.id === chosen}
                onToggle={() => onChoose(hop.id === chosen ? undefined : hop.id)}
              />
              {hop.id === chosen && (
                <tr className="more">
                  <td colSpan={5}>
                    <HopDetails hop={hop} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
      {shown < all.length && (
        <p className="panel-body">
          <Button onClick={() => setRows(shown + ROWS)}>{t("requests.more")}</Button>{" "}
          <span className="muted">
            {shown} / {all.length}
          </span>
        </p>
      )}
    </>
  );
}

function HopRow({
  hop,
  extent,
  open,
  onToggle,
}: {
  hop: Hop;
  extent: ReturnType<typeof extentOf>;
  open: boolean;
  onToggle: () => void;
}) {
  const { t } = useTranslation();
  const { service, instance } = calleeOf(hop);
  const bar = barOf(hop, extent);
  const place = (part: { left: number; width: number }) => ({ left: `${part.left}%`, width: `${part.width}%` });
  return (
    // The button in the first cell is the control; the whole row only makes it easier to hit.
    <tr className={open ? "row chosen" : "row"} onClick={onToggle}>
      <td className="where">
        <button
          type="button"
          className="place"
          aria-expanded={open}
          title={`${service} ${instance}`.trim()}
          style={{ paddingLeft: Math.min(Math.max(0, hop.depth - 1), INDENTS_MAX) * INDENT + (hop.depth > 0 ? 4 : 0) }}
          onClick={(event) => {
            event.stopPropagation();
            onToggle();
          }}
        >
          {hop.depth > 0 && <span className="elbow" aria-hidden="true" />}
          <span className="service">{service || t("flow.unknownService")}</span>
          <span className="mono">{instance}</span>
        </button>
      </td>
      <td title={hop.method}>
        {shortMethod(hop.method)}
        {hop.client !== undefined && hop.client.attempt > 0 && (
          <span className="again"> {attemptText(hop.client, t)}</span>
        )}
      </td>
      <td>
        <div className={hop.code === 0 ? "bar" : "bar failed"}>
          <span className={hop.client === undefined ? "work" : "network"} style={place(bar)} />
          {bar.queue !== undefined && <span className="queue" style={place(bar.queue)} />}
          {bar.server !== undefined && <span className="work" style={place(bar.server)} />}
        </div>
      </td>
      <td className="num">{formatDuration(hop.durationUs)}</td>
      <td title={hop.message} className={hop.code === 0 ? "" : "fail"}>
        <Status mark={hop.code === 0 ? Mark.Ok : Mark.Fail}>{codeName(hop.code)}</Status>
      </td>
    </tr>
  );
}

// People count from one.
function attemptText({ attempt, attemptReason }: FlowSpan, t: TFunction): string {
  return t("flow.attemptNumber", { number: attempt + 1, reason: t(REASONS[attemptReason] ?? "flow.retry") });
}

const AROUND_MS = 30_000;
const MINUTES_AFTER_MS = 30 * 60_000;

/** From a call to what else is known of its callee at that time. */
function HopLinks({ hop }: { hop: Hop }) {
  const { t } = useTranslation();
  const { service, instance } = calleeOf(hop);
  const registered = useIsRegistered();
  const [nowMs] = useState(serverNow);
  const startMs = Math.floor(hop.startUs / 1_000);
  const endMs = Math.ceil((hop.startUs + hop.durationUs) / 1_000);
  const until = endMs + MINUTES_AFTER_MS < nowMs ? { until: endMs + MINUTES_AFTER_MS } : {};
  return (
    <p className="hop-links">
      {registered(service) && (
        <Link
          className="link"
          to="/services/$name/curves"
          params={{ name: service }}
          search={{ range: CurveRange.Hour, ...until }}
        >
          {t("nav.curves")}
        </Link>
      )}
      {hop.server !== undefined && (
        <Link
          className="link"
          to="/logs"
          search={{
            service,
            ...(instance === "" ? {} : { instance }),
            from: startMs - AROUND_MS,
            to: endMs + AROUND_MS,
          }}
        >
          {t("flow.toLogsOf")}
        </Link>
      )}
      {!isInternal(hop) && hop.method !== "" && (
        <Link className="link" to="/requests" search={{ service, method: hop.method }}>
          {t("flow.toRequests")}
        </Link>
      )}
    </p>
  );
}

function HopDetails({ hop }: { hop: Hop }) {
  const { t } = useTranslation();
  const caller = callerOf(hop);
  const callee = calleeOf(hop);
  const span = (hop.client ?? hop.server)!;
  const network = networkUs(hop);
  const facts: [string, string | undefined][] = [
    [t("flow.method"), hop.method],
    [t("flow.caller"), caller === undefined ? t("flow.outside") : `${caller.service} ${caller.instance}`],
    [
      t("flow.callee"),
      `${callee.service || t("flow.unknownService")} ${callee.instance}${callee.host ? ` · ${callee.host}` : ""}`,
    ],
    [t("flow.work"), hop.server === undefined ? undefined : formatDuration(hop.server.durationUs - hop.server.queueUs)],
    [t("flow.queue"), hop.server === undefined ? undefined : formatDuration(hop.server.queueUs)],
    [t("flow.network"), network === undefined ? undefined : formatDuration(network)],
    // Nobody says so of calls over OpenTelemetry.
    [t("flow.requestSize"), span.requestBytes > 0 ? formatBytes(span.requestBytes) : undefined],
    [t("flow.responseSize"), span.responseBytes > 0 ? formatBytes(span.responseBytes) : undefined],
    [t("flow.deadline"), span.deadlineMs > 0 ? formatDuration(span.deadlineMs * 1000) : undefined],
    [t("flow.attempt"), hop.client === undefined ? undefined : attemptText(hop.client, t)],
    [t("flow.routeVersion"), hop.client?.routeVersion ? String(hop.client.routeVersion) : undefined],
    [t("flow.release"), hop.server?.release || undefined],
    [t("flow.spanId"), span.spanId],
  ];
  return (
    <>
      {hop.message !== "" && (
        <p className="message fail">
          {codeName(hop.code)}: {hop.message}
        </p>
      )}
      {hop.server === undefined && <p className="message soft">{t("flow.noServerRecord")}</p>}
      {isInternal(hop) && <p className="message soft">{t("flow.internal")}</p>}
      {hop.client === undefined && hop.depth === 0 && <p className="message soft">{t("flow.noClientRecord")}</p>}
      <dl className="facts">
        {facts.map(([name, value]) =>
          value === undefined ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd className={name === t("flow.spanId") || name === t("flow.method") ? "mono" : ""}>{value}</dd>
            </div>
          ),
        )}
      </dl>
      {callee.service !== "" && <HopLinks hop={hop} />}
    </>
  );
}
