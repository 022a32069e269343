import { statfs } from "node:fs/promises";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  Across as AcrossMessage,
  type MetricService,
  MetricSplit as SplitMessage,
  Statistic as StatisticMessage,
} from "@msec/api/console/v1/metrics_pb.js";
import { Code, RpcError } from "@msec/rpc";
import { findMetric, MetricUnit } from "@msec/telemetry";
import { Across, MetricSplit, Statistic, type TelemetryStore } from "@msec/telemetry-store";
import type { ServerStore } from "../schema.ts";
import { listEvents } from "./metrics-events.ts";
import type { RetentionKeeper } from "./retention-keeper.ts";
import { retentionChanges, retentionMessages } from "./retention-request.ts";
import { askTelemetry } from "./telemetry-error.ts";

/** What the metrics' handler stands on. */
export interface MetricParts {
  readonly telemetry: TelemetryStore;
  readonly store: ServerStore;
  readonly retention: RetentionKeeper;
  /** The directory of the embedded store's data; `undefined` with a store elsewhere. */
  readonly dataDirectory: string | undefined;
}

const statistics: Readonly<Record<StatisticMessage, Statistic>> = {
  [StatisticMessage.UNSPECIFIED]: Statistic.Mean,
  [StatisticMessage.MEAN]: Statistic.Mean,
  [StatisticMessage.MIN]: Statistic.Min,
  [StatisticMessage.MAX]: Statistic.Max,
  [StatisticMessage.LAST]: Statistic.Last,
};

const splits: Readonly<Record<SplitMessage, MetricSplit>> = {
  [SplitMessage.UNSPECIFIED]: MetricSplit.None,
  [SplitMessage.INSTANCE]: MetricSplit.Instance,
  [SplitMessage.HOST]: MetricSplit.Host,
};

const acrosses: Readonly<Record<AcrossMessage, (name: string) => Across>> = {
  [AcrossMessage.UNSPECIFIED]: usualAcross,
  [AcrossMessage.SUM]: () => Across.Sum,
  [AcrossMessage.MEAN]: () => Across.Mean,
  [AcrossMessage.MIN]: () => Across.Min,
  [AcrossMessage.MAX]: () => Across.Max,
};

/** `msec.console.v1.MetricService`: questions to the telemetry store, which has the same limits and names. */
export function createMetricHandler({
  telemetry,
  store,
  retention,
  dataDirectory,
}: MetricParts): ServiceImpl<typeof MetricService> {
  return {
    async listAttributes({ service, instance, host, fromMs, toMs, names }) {
      const filter = { service, instance, host, fromMs, toMs, pattern: attributePattern(names) };
      const attributes = await askTelemetry(telemetry.listAttributes(filter));
      return {
        attributes: attributes.map((attribute) => {
          const { unit = "", english = "", chinese = "" } = findMetric(attribute.name)?.entry ?? {};
          return { ...attribute, unit, english, chinese };
        }),
      };
    },

    async listReporters({ service, host, fromMs, toMs }) {
      return { reporters: await askTelemetry(telemetry.listReporters({ service, host, fromMs, toMs })) };
    },

    async queryMetrics({ service, instance, host, names, fromMs, toMs, stepS, statistic, across, split }) {
      const query = {
        ...{ service, instance, host, names, fromMs, toMs, stepS },
        statistic: chosen(statistics, statistic, "statistic"),
        across: chosen(acrosses, across, "across"),
        split: chosen(splits, split, "split"),
      };
      const curves = await askTelemetry(telemetry.queryMetrics(query));
      return {
        stepS: curves.stepS,
        fromMs: curves.timeMs[0] ?? 0,
        points: curves.timeMs.length,
        series: curves.series.map((series) => ({ ...series, values: [...series.values] })),
        truncated: curves.truncated,
      };
    },

    async listEvents({ service, fromMs, toMs }) {
      return { events: await listEvents(store, service, fromMs, toMs) };
    },

    async getRetention() {
      // What is kept can be seen and set while the store does not answer.
      const usage = await telemetry.readUsage().catch(() => []);
      return {
        retention: retentionMessages(await retention.read()),
        usage,
        diskFreeBytes: await freeBytes(dataDirectory),
      };
    },

    async setRetention({ retention: wanted }) {
      return { retention: retentionMessages(await retention.set(retentionChanges(wanted))) };
    },
  };
}

/**
 * The regular expression for what people type: names with `;` between them are taken as they are, what begins with `^` is an expression already.
 */
export function attributePattern(names: string): string {
  const text = names.trim();
  if (text === "" || text.startsWith("^")) return text;
  const alternatives = text
    .split(";")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return alternatives.length === 0 ? "" : `^(${alternatives.join("|")})$`;
}

/** Shares and durations of several instances have a mean; what they have or do adds up. */
function usualAcross(name: string): Across {
  const unit = findMetric(name)?.entry.unit;
  return unit === MetricUnit.Percent || unit === MetricUnit.Milliseconds || name.startsWith("sys.load.")
    ? Across.Mean
    : Across.Sum;
}

function chosen<Key extends number, Value>(choices: Readonly<Record<Key, Value>>, key: Key, field: string): Value {
  const value = choices[key];
  if (value === undefined) {
    throw new RpcError(Code.InvalidArgument, `${field} ${key} must be one of ${Object.keys(choices).join(", ")}`);
  }
  return value;
}

async function freeBytes(directory: string | undefined): Promise<number> {
  if (directory === undefined) return 0;
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch {
    // Not made yet.
    return 0;
  }
}
