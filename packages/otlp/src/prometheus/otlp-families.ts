import type { OtlpCounts } from "../listen/otlp-desk.ts";
import type { MetricFamily } from "./exposition.ts";
import { singleValue } from "./single-value.ts";

/** What came in over OTLP, as agent and server both tell it; nothing where it is not taken. */
export function otlpFamilies(counts: Readonly<OtlpCounts> | undefined): MetricFamily[] {
  if (counts === undefined) return [];
  return [
    singleValue("counter", "msec_otlp_requests", "Export requests taken", counts.requests),
    singleValue("counter", "msec_otlp_refused", "Export requests refused", counts.refused),
    singleValue("counter", "msec_otlp_rejected_rows", "Spans, points and lines refused", counts.rejectedRows),
    singleValue(
      "counter",
      "msec_otlp_left_out_spans",
      "Spans counted and not kept, because there are more than the rate",
      counts.leftOutSpans,
    ),
    singleValue(
      "counter",
      "msec_otlp_repeated_requests",
      "Export requests that came again and were not taken twice",
      counts.repeatedRequests,
    ),
    singleValue(
      "counter",
      "msec_otlp_folded_requests",
      "Export requests of which something was kept under (other), because too many services or instances report",
      counts.foldedRequests,
    ),
  ];
}
