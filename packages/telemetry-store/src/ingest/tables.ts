/** The tables that batches go into, with their columns in the order in which `encode.ts` writes them. */
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
  sample: "time name service host instance kind value".split(" "),
  log: [
    ..."time trace_high flow_id span_id host service instance level method text fields".split(" "),
    ..."caller peer source function dyed arrived".split(" "),
  ],
} as const;

/** `span`, `call`, `sample` or `log`. */
export type TelemetryTable = keyof typeof tableColumns;

/** All of them, in the order in which they are filled. */
export const telemetryTables = Object.keys(tableColumns) as TelemetryTable[];
