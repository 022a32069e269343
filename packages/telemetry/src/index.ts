export {
  type Batch,
  type CallColumns,
  type LogColumns,
  type SampleColumns,
  SampleKind,
  Side,
  type SpanColumns,
} from "./batch.ts";
export type { CallRecord } from "./call-record.ts";
export { BUCKET_COUNT, durationBucket } from "./duration-bucket.ts";
export { fieldText } from "./field-text.ts";
export { Level, type LevelName, levelName, levelNamed, levelNames } from "./level.ts";
export { DEFAULT_LIMITS, type RecorderLimits } from "./limits.ts";
export type { LogContext, LogFields } from "./log-table.ts";
export {
  findMetric,
  type MetricEntry,
  MetricUnit,
  metricCatalogue,
  type OpenTelemetryMetric,
} from "./metric-catalogue.ts";
export { metricNameProblem } from "./metric-name.ts";
export { METRIC_VALUE_MAX, metricValueProblem } from "./metric-value.ts";
export { createRecorder, type Recorder, type RecorderOptions } from "./recorder.ts";
export { SlowBound } from "./slow-bound.ts";
export { SpanSampler, tracePosition } from "./span-sampler.ts";
