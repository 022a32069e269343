/** The tables that are written, with their columns; those of RowBinary in the order in which `encode.ts` writes them. */
export const tableColumns = {
  span: [
    ..."start trace_high flow_id span_id parent_span_id host service instance side method".split(" "),
    ..."peer_service peer_instance code message".split(" "),
    ..."duration_us queue_us request_bytes response_bytes deadline_ms".split(" "),
    ..."attempt attempt_reason route_version release".split(" "),
  ],
  call: [
    ..."time side callee callee_instance caller caller_instance host method code".split(" "),
    ..."count duration_us_sum bucket_index bucket_count".split(" "),
  ],
  series_sample: "time name_id service_id instance_id host_id kind value".split(" "),
  series_minute: "time name_id service_id instance_id host_id kind count sum min max last".split(" "),
  sample_hour: "time name service host instance kind count sum min max last".split(" "),
  log_line: [
    ..."time trace_high flow_id span_id host service instance level method text fields".split(" "),
    ..."caller peer source function dyed arrived".split(" "),
  ],
} as const;

/** A table that is written. */
export type InsertTable = keyof typeof tableColumns;

/** The tables that batches go into. */
export const telemetryTables = ["span", "call", "sample", "log"] as const;

/** `span`, `call`, `sample` or `log`. */
export type TelemetryTable = (typeof telemetryTables)[number];
