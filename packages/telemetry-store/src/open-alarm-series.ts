import { closeClients, type StoreOptions, storeClients } from "./client.ts";
import {
  type CallEdge,
  type CallMinutes,
  type CallMinutesQuery,
  type LogMinutes,
  type LogMinutesQuery,
  type MinuteRange,
  queryCallEdges,
  queryCallMinutes,
  queryLogMinutes,
  querySampleMinutes,
  type SampleMinutes,
  type SampleMinutesQuery,
} from "./query/alarm-series.ts";
import { assertPatterns } from "./query/logs-patterns.ts";

export type {
  CallEdge,
  CallMinutes,
  CallMinutesQuery,
  LogMinutes,
  LogMinutesQuery,
  MinuteRange,
  SampleMinutes,
  SampleMinutesQuery,
  ServiceSelection,
} from "./query/alarm-series.ts";
export { alarmPatternLimits, assertAlarmExpression, hasPattern } from "./query/alarm-series.ts";

/** Values by minute, for judging alarm rules. Each method is one statement; its answer is complete or it throws. */
export interface AlarmSeries extends AsyncDisposable {
  queryCalls(query: CallMinutesQuery): Promise<CallMinutes[]>;
  querySamples(query: SampleMinutesQuery): Promise<SampleMinutes[]>;
  queryLogs(query: LogMinutesQuery): Promise<LogMinutes[]>;
  queryEdges(range: MinuteRange): Promise<CallEdge[]>;
  /**
   * Have the store read the regular expressions of an expression.
   *
   * @throws InvalidExpression with the place of one that its RE2 does not take
   */
  assertPatterns(where: string): Promise<void>;
  /** Give the connections back. */
  close(): Promise<void>;
}

/**
 * Open a telemetry store for judging alarm rules, with connections of its own: a page of logs that somebody waits for does not
 * delay a minute's verdict. Connects at first use; the schema is made by who ingests.
 *
 * @throws TypeError for a URL that cannot be one
 */
export function openAlarmSeries(options: StoreOptions): AlarmSeries {
  const clients = storeClients({ timeoutMs: 12_000, ...options });
  const close = async () => {
    await closeClients(clients);
  };
  return {
    queryCalls: (query) => queryCallMinutes(clients, query),
    querySamples: (query) => querySampleMinutes(clients, query),
    queryLogs: (query) => queryLogMinutes(clients, query),
    assertPatterns: (where) => assertPatterns(clients, where),
    queryEdges: (range) => queryCallEdges(clients, range),
    close,
    [Symbol.asyncDispose]: close,
  };
}
