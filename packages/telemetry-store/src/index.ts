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
export type { Attribute, AttributeFilter, AttributesQuery, Reporter } from "./query/attributes.ts";
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
export type { LogStore } from "./query/logs.ts";
export type { LogAroundQuery } from "./query/logs-around.ts";
export { type LogField, type LogFieldType, levelNumbers, logColumns, ValueType } from "./query/logs-columns.ts";
export { definedFieldsMax, type SeenField } from "./query/logs-fields.ts";
export type { LogFilter } from "./query/logs-filter.ts";
export { histogramSteps, type LogHistogram, type LogHistogramQuery } from "./query/logs-histogram.ts";
export { expressionMaxUnits } from "./query/logs-lexer.ts";
export { type LogPage, type LogPageQuery, pageMax } from "./query/logs-page.ts";
export {
  type ExpressionProblem,
  InvalidExpression,
  type ProblemLanguage,
  problemTemplates,
  problemText,
} from "./query/logs-problem.ts";
export type { LogRow } from "./query/logs-row.ts";
export type { LogTail, LogTailQuery } from "./query/logs-tail.ts";
export {
  Across,
  type MetricCurves,
  type MetricSeries,
  MetricSplit,
  type MetricsQuery,
  metricNamesMax,
  metricSteps,
  Statistic,
} from "./query/metrics.ts";
export type { RequestSummary } from "./query/request-summary.ts";
export {
  type FoundCall,
  type FoundRequest,
  RequestOrder,
  type RequestPage,
  requestsPageMax,
  type SearchRequestsQuery,
} from "./query/search-requests.ts";
export { mapEdgesMax, type ServiceMap, type ServiceMapEdge, type ServiceMapQuery } from "./query/service-map.ts";
export {
  defaultRetention,
  type KindRetention,
  type KindUsage,
  type Retention,
  type RetentionResult,
  TelemetryKind,
  telemetryKinds,
} from "./retention/retention.ts";
export {
  type EngineCommand,
  type EngineOptions,
  type EngineProcess,
  type EngineReady,
  engineCommand,
  startEngine,
} from "./start-engine.ts";
export { InvalidBatch, InvalidQuery, StoreErrorReason, StoreUnavailable, TelemetryStoreError } from "./store-error.ts";
