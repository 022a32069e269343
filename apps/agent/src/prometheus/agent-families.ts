import type { OtlpCounts } from "@msec/otlp/listen";
import {
  type MetricFamily,
  otlpFamilies,
  processFamilies,
  singleValue,
  type TelemetryTotals,
} from "@msec/otlp/prometheus";
import type { Forwarder } from "../otlp/forwarder.ts";
import type { Spool } from "../spool/spool.ts";

/** What the agent's page for Prometheus tells of. */
export interface AgentFamiliesParts {
  readonly totals: TelemetryTotals;
  readonly spool: Pick<Spool, "bytes" | "droppedBatches">;
  /** See `LateWrite`. */
  readonly lateS: () => number;
  readonly isConnected: () => boolean;
  readonly routeVersion: () => bigint;
  /** Requests, refusals and rows refused over OTLP; `undefined` where it is not taken. */
  readonly otlp: () => Readonly<OtlpCounts> | undefined;
  /** Requests forwarded and dropped, bytes that wait; `undefined` where nothing is forwarded. */
  readonly forwarded: () => Forwarder["counts"] | undefined;
  /** Envelopes that were not looked at because too many came at once. */
  readonly missed: () => number;
}

/** Everything that Prometheus reads of an agent. */
export function agentFamilies(parts: AgentFamiliesParts): MetricFamily[] {
  const forwarded = parts.forwarded();
  return [
    ...processFamilies(),
    singleValue("gauge", "msec_agent_connected", "Whether the server is reached: 1 or 0", parts.isConnected() ? 1 : 0),
    singleValue(
      "gauge",
      "msec_agent_route_version",
      "Version of the routes that are applied",
      Number(parts.routeVersion()),
    ),
    singleValue(
      "gauge",
      "msec_agent_unsaved_seconds",
      "Seconds for which routes or assignment on disk have been older than those in use, because it is full",
      parts.lateS(),
    ),
    singleValue("gauge", "msec_spool_bytes", "Telemetry on disk that the server does not have yet", parts.spool.bytes),
    singleValue(
      "counter",
      "msec_spool_dropped_batches",
      "Batches that the full spool dropped",
      parts.spool.droppedBatches,
    ),
    singleValue("counter", "msec_totals_missed_batches", "Batches that are not in these totals", parts.missed()),
    ...otlpFamilies(parts.otlp()),
    ...(forwarded === undefined
      ? []
      : [
          singleValue("counter", "msec_otlp_export_sent", "Requests that the collector took", forwarded.sent),
          singleValue("counter", "msec_otlp_export_dropped", "Requests dropped on their way there", forwarded.dropped),
          singleValue(
            "counter",
            "msec_otlp_export_rejected_rows",
            "Spans, points and lines that the collector did not take of what it took",
            forwarded.rejectedRows,
          ),
          singleValue("gauge", "msec_otlp_export_queued_bytes", "What waits for the collector", forwarded.queuedBytes),
        ]),
    ...parts.totals.families(),
  ];
}
