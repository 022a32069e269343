export {
  type Exposition,
  exposeMetrics,
  type FamilySample,
  type HistogramSample,
  type MetricFamily,
} from "./exposition.ts";
export { otlpFamilies } from "./otlp-families.ts";
export { processFamilies } from "./process-families.ts";
export { singleValue } from "./single-value.ts";
export { type CountedBatch, type CountedOwner, TelemetryTotals, totalsLimits } from "./telemetry-totals.ts";
