import { setTimeout as sleep } from "node:timers/promises";
import { closeClients, type StoreOptions, storeClients } from "./client.ts";
import { storeErrorFrom } from "./client-error.ts";
import type { TelemetryBatch, TelemetryEnvelope, TelemetryIdentity } from "./ingest/batch.ts";
import { assertToken, encodeEnvelopes, type IngestResult, insertTables } from "./ingest/ingest.ts";
import {
  type Attribute,
  type AttributeFilter,
  type AttributesQuery,
  listAttributes,
  listReporters,
  type Reporter,
} from "./query/attributes.ts";
import { type CallCurves, type CallsQuery, queryCalls } from "./query/calls.ts";
import { type Flow, getFlow } from "./query/flow.ts";
import { createLogStore, type LogStore } from "./query/logs.ts";
import { type MetricCurves, type MetricsQuery, queryMetrics } from "./query/metrics.ts";
import { listPrograms, type ProgramsQuery } from "./query/programs.ts";
import { type RequestPage, type SearchRequestsQuery, searchRequests } from "./query/search-requests.ts";
import { getServiceMap, type ServiceMap, type ServiceMapQuery } from "./query/service-map.ts";
import {
  applyRetention,
  defaultRetention,
  type KindUsage,
  type Retention,
  type RetentionResult,
  readUsage,
} from "./retention/retention.ts";
import { migrate } from "./schema/migrate.ts";
import { InvalidBatch, StoreErrorReason } from "./store-error.ts";

/** A place for spans, calls, samples and log lines, and the questions that can be asked of them. */
export interface TelemetryStore extends AsyncDisposable {
  /**
   * Wait until the store answers, and bring its schema up to date. To be called again after nothing: the store's
   * process may die and come back, the schema stays.
   *
   * @param options.timeoutMs how long to wait; default 60_000
   * @throws StoreUnavailable when it does not answer in time; TelemetryStoreError (Failed) when the schema cannot be made
   */
  waitReady(options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<void>;
  /**
   * Store one batch. It is on disk when this resolves.
   *
   * @param token identifies the batch, 1…200 visible ASCII characters: `<host>/<sequence>`; the same again changes nothing
   * @throws InvalidBatch (nothing was stored), StoreUnavailable, TelemetryStoreError (Overloaded, Failed): repeat with the same token
   */
  ingest(identity: TelemetryIdentity, batch: TelemetryBatch, token: string): Promise<IngestResult>;
  /**
   * Store several envelopes with one insert for each table. An invalid envelope is left out and named in the result;
   * the others are stored.
   *
   * @param token identifies this list of envelopes: a repeat brings the same list
   * @throws as `ingest`, InvalidBatch only for the token
   */
  ingestAll(envelopes: readonly TelemetryEnvelope[], token: string): Promise<IngestResult>;
  /** Curves of calls, failures and latency; see `CallsQuery` for the limits. */
  queryCalls(query: CallsQuery): Promise<CallCurves>;
  /** Curves of attributes; see `MetricsQuery` for the limits. */
  queryMetrics(query: MetricsQuery): Promise<MetricCurves>;
  /** The attributes that were reported in a range, by name. */
  listAttributes(query: AttributesQuery): Promise<Attribute[]>;
  /** Who reported any metric in a range. */
  listReporters(query: AttributeFilter): Promise<Reporter[]>;
  /** Which programs reported anything, metrics or not, in a range. */
  listPrograms(query: ProgramsQuery): Promise<Reporter[]>;
  /** Keep so much from now on, and drop what is too much now; see `KindRetention`. */
  applyRetention(retention: Retention): Promise<RetentionResult>;
  /** What each kind takes on disk. */
  readUsage(): Promise<KindUsage[]>;
  /** Everything known of one request, by any form of its id; `undefined` where nothing is. */
  getFlow(requestId: string): Promise<Flow | undefined>;
  /** Requests with a call that fits, a page at a time; see `SearchRequestsQuery` for the limits. */
  searchRequests(query: SearchRequestsQuery): Promise<RequestPage>;
  /** Who calls whom; see `ServiceMapQuery` for the limits. */
  getServiceMap(query: ServiceMapQuery): Promise<ServiceMap>;
  /** Log lines. */
  readonly logs: LogStore;
  /** Give the connections back. */
  close(): Promise<void>;
}

/**
 * Open a telemetry store: the embedded engine by its socket, or a ClickHouse server by URL. Connects at first use, and
 * again whenever the other side comes back: a dead one gives StoreUnavailable at once.
 *
 * @throws TypeError for a URL that cannot be one
 */
export function openTelemetryStore(options: StoreOptions): TelemetryStore {
  const clients = storeClients(options);
  const { where } = clients;
  let kept = defaultRetention;
  const ingestAll: TelemetryStore["ingestAll"] = async (envelopes, token) => {
    assertToken(token);
    const encoded = encodeEnvelopes(envelopes, { nowMs: Date.now(), retention: kept });
    await insertTables(clients, encoded, token);
    return { rows: encoded.rows, leftOut: encoded.leftOut, rejected: encoded.rejected };
  };
  const close = async () => {
    await closeClients(clients);
  };
  return {
    async waitReady({ timeoutMs = 60_000, signal } = {}) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        signal?.throwIfAborted();
        try {
          await migrate(clients);
          return;
        } catch (error) {
          const failure = storeErrorFrom(error, "make the schema", where);
          if (failure.reason !== StoreErrorReason.Unavailable || Date.now() >= deadline) throw failure;
        }
        await sleep(100, undefined, signal === undefined ? {} : { signal });
      }
    },
    async ingest(identity, batch, token) {
      const result = await ingestAll([{ identity, batch }], token);
      const [rejected] = result.rejected;
      if (rejected !== undefined) throw new InvalidBatch(rejected.message);
      return result;
    },
    ingestAll,
    queryCalls: (query) => queryCalls(clients, query),
    queryMetrics: (query) => queryMetrics(clients, query, Date.now()),
    listAttributes: (query) => listAttributes(clients, query),
    listReporters: (query) => listReporters(clients, query),
    listPrograms: (query) => listPrograms(clients, query),
    async applyRetention(retention) {
      kept = retention;
      return await applyRetention(clients, retention);
    },
    readUsage: () => readUsage(clients),
    getFlow: (requestId) => getFlow(clients, requestId),
    logs: createLogStore(clients),
    searchRequests: (query) => searchRequests(clients, query),
    getServiceMap: (query) => getServiceMap(clients, query, Date.now()),
    close,
    [Symbol.asyncDispose]: close,
  };
}
