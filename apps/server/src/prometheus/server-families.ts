import type { OtlpCounts } from "@msec/otlp/listen";
import {
  type MetricFamily,
  otlpFamilies,
  processFamilies,
  singleValue,
  type TelemetryTotals,
} from "@msec/otlp/prometheus";
import type { Log } from "@msec/process";
import type { TelemetryEnvelope } from "@msec/telemetry-store";
import type { HostDirectory } from "../agents/host-directory.ts";
import type { ServerStore } from "../schema.ts";

/** What the server's page for Prometheus tells of. */
export interface ServerFamiliesParts {
  readonly totals: TelemetryTotals;
  readonly stored: StoredCounts;
  /** Rows of agents that were left out for their times. */
  readonly leftOutRows: () => number;
  /** Whether the telemetry store has no room. */
  readonly isStoreFull: () => boolean;
  readonly hosts: Pick<HostDirectory, "list" | "isConnected">;
  readonly store: ServerStore;
  /** `undefined` where OTLP is not taken. */
  readonly otlp: () => Readonly<OtlpCounts> | undefined;
  readonly log: Log;
}

/** What has been put into the telemetry store since the server began. */
export interface StoredCounts {
  batches: number;
  rows: number;
}

/** Counts what was stored, for the page. */
export function countStored(
  totals: TelemetryTotals,
  stored: StoredCounts,
): (envelopes: readonly TelemetryEnvelope[]) => void {
  return (envelopes) => {
    for (const { identity, batch } of envelopes) {
      const { spans, calls, samples, logs, droppedRows = 0n } = batch;
      stored.batches++;
      stored.rows +=
        (spans?.startUs.length ?? 0) +
        (calls?.timeS.length ?? 0) +
        (samples?.timeS.length ?? 0) +
        (logs?.timeUs.length ?? 0);
      totals.add(identity, { ...batch, droppedRows });
    }
  };
}

/** Everything that Prometheus reads of a server. */
export async function serverFamilies(parts: ServerFamiliesParts): Promise<MetricFamily[]> {
  const { hosts, stored } = parts;
  const all = hosts.list();
  const alarms = await openAlarms(parts);
  return [
    ...processFamilies(),
    singleValue("gauge", "msec_hosts", "Hosts that have enrolled", all.length),
    singleValue(
      "gauge",
      "msec_hosts_connected",
      "Hosts whose agent is connected",
      all.filter((host) => hosts.isConnected(host)).length,
    ),
    ...(alarms === undefined ? [] : [singleValue("gauge", "msec_open_alarms", "Alarms that are open", alarms)]),
    singleValue("counter", "msec_stored_batches", "Batches of telemetry put into the store", stored.batches),
    singleValue("counter", "msec_stored_rows", "Rows of telemetry put into the store", stored.rows),
    singleValue(
      "counter",
      "msec_left_out_rows",
      "Rows of telemetry that agents brought and that were left out for their times",
      parts.leftOutRows(),
    ),
    singleValue(
      "gauge",
      "msec_telemetry_store_full",
      "Whether the disk of the telemetry store is full: 1 or 0",
      parts.isStoreFull() ? 1 : 0,
    ),
    ...otlpFamilies(parts.otlp()),
    ...parts.totals.families(),
  ];
}

/** `undefined` while the database does not answer: the rest of the page is needed then most. */
async function openAlarms({ store, log }: ServerFamiliesParts): Promise<number | undefined> {
  try {
    const { open } = await store.db
      .selectFrom("alarm")
      .where("is_open", "=", 1)
      .select((build) => build.fn.countAll<number>().as("open"))
      .executeTakeFirstOrThrow();
    return Number(open);
  } catch (error) {
    log.warn("the open alarms cannot be counted", { error });
    return undefined;
  }
}
