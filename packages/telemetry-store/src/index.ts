export type { StoreAddress, StoreOptions } from "./client.ts";
export type {
  CallColumns,
  LogColumns,
  SampleColumns,
  SpanColumns,
  TelemetryBatch,
  TelemetryEnvelope,
  TelemetryIdentity,
} from "./ingest/batch.ts";
export type { IngestResult } from "./ingest/ingest.ts";
export type { TelemetryTable } from "./ingest/tables.ts";
export { openTelemetryStore, type TelemetryStore } from "./open-telemetry-store.ts";
export {
  type CallCurves,
  type CallSeries,
  CallSide,
  type CallsQuery,
  callSteps,
  pointsMax,
  seriesMax,
} from "./query/calls.ts";
export { type Flow, type FlowLog, type FlowSpan, flowLogsMax, flowSpansMax } from "./query/flow.ts";
export type { RecentRequestsQuery, RequestSummary } from "./query/recent-requests.ts";
export {
  type EngineCommand,
  type EngineOptions,
  type EngineProcess,
  type EngineReady,
  engineCommand,
  startEngine,
} from "./start-engine.ts";
export { InvalidBatch, InvalidQuery, StoreErrorReason, StoreUnavailable, TelemetryStoreError } from "./store-error.ts";
