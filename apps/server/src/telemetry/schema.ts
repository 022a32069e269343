/** Tables of `telemetry/migrations`, which says what their columns mean. */
export interface TelemetryTables {
  telemetry_retention: { kind: string; days: number; max_bytes: number };
  telemetry_event: { id: string; time_ms: number; service: string; kind: number; subject: string; done_by: string };
  instance_release: { instance_id: string; release: string };
}
