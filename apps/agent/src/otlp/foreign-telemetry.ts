import { outgoingRequests } from "@msec/otlp";
import { listenOtlp, type OtlpDoors } from "@msec/otlp/listen";
import { TelemetryTotals } from "@msec/otlp/prometheus";
import type { Log } from "@msec/process";
import type { AgentConfig } from "../config/agent-config.ts";
import { agentFamilies } from "../prometheus/agent-families.ts";
import { listenMetrics, type MetricsDoor } from "../prometheus/metrics-door.ts";
import type { SpanRates } from "../spans/span-rates.ts";
import type { Spool } from "../spool/spool.ts";
import { Forwarder } from "./forwarder.ts";
import { readHeadersFile } from "./headers-file.ts";
import { spoolBatches } from "./spool-batches.ts";
import { type Tap, tapSpool } from "./spool-tap.ts";

/** The agent's parts that OpenTelemetry and Prometheus stand on. */
export interface ForeignTelemetryParts {
  readonly config: AgentConfig;
  readonly spool: Spool;
  readonly spanRates: SpanRates;
  readonly log: Log;
  readonly hostName: string;
  readonly isConnected: () => boolean;
  readonly routeVersion: () => bigint;
  /** See `LateWrite`. */
  readonly lateS: () => number;
}

/** What foreign tools report to the agent and read of it. */
export interface ForeignTelemetry {
  /** The spool, for all who report: what it is given is counted and forwarded too, where that is wanted. */
  readonly spool: ReturnType<typeof tapSpool>;
  /** Open the doors. @throws UserError */
  listen(): Promise<void>;
  close(): Promise<void>;
}

/** Prepare what is configured; nothing is opened before `listen`. @throws UserError for a headers file that cannot be used */
export function prepareForeignTelemetry(parts: ForeignTelemetryParts): ForeignTelemetry {
  const { config, log, hostName } = parts;
  const taps: Tap[] = [];
  const totals = new TelemetryTotals(() => performance.now());
  if (config.metrics_port !== 0) {
    taps.push(({ service, instance, batch }) => totals.add({ host: "", service, instance }, batch));
  }
  const forwarder =
    config.otlp_export === ""
      ? undefined
      : new Forwarder({
          collector: config.otlp_export,
          headers: readHeadersFile(config.otlp_export_headers_file),
          log,
        });
  if (forwarder !== undefined) {
    taps.push(({ service, instance, release, batch }) => {
      const owner = { service, instance, host: hostName, release };
      for (const request of outgoingRequests(owner, batch)) forwarder.push(request);
    });
  }
  const spool = tapSpool(parts.spool, taps, log);
  const doorsAsProcess = {};
  let doors: OtlpDoors | undefined;
  let metrics: MetricsDoor | undefined;
  const close = async () => {
    await doors?.close();
    await metrics?.close();
    await spool.settled();
    await forwarder?.close();
  };
  return {
    spool,
    async listen() {
      const { otlp_listen: http, otlp_grpc_listen: grpc, otlp_token_file: tokenFile } = config;
      try {
        if (http !== "" || grpc !== "") {
          doors = await listenOtlp({
            http: http || undefined,
            grpc: grpc || undefined,
            peers: {
              sharedPeers: config.shared_peers,
              maxPerPeer: config.connections_per_peer || undefined,
            },
            ...{ tokenFile, keep: spoolBatches(spool, log), log },
            // All programs behind these doors are one of those among whom the host's rate is divided.
            spanRate: (spansPerSecond) => parts.spanRates.reported(doorsAsProcess, spansPerSecond),
          });
        }
        if (config.metrics_port !== 0) {
          const families = () =>
            agentFamilies({
              ...parts,
              totals,
              otlp: () => doors?.counts,
              forwarded: () => forwarder?.counts,
              missed: () => spool.missed,
            });
          metrics = await listenMetrics(config.metrics_port, families);
        }
      } catch (error) {
        await close();
        throw error;
      }
    },
    close,
  };
}
