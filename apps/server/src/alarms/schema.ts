/** Tables of `alarms/migrations`, which says what their columns mean. */
export interface AlarmTables {
  alarm_rule: {
    id: string;
    name: string;
    enabled: number;
    definition: string;
    updated_ms: number;
    updated_by: string;
  };
  alarm: {
    id: string;
    rule_id: string;
    definition: string;
    target: string;
    service: string;
    instance: string;
    host: string;
    severity: number;
    is_open: number;
    first_ms: number;
    last_ms: number;
    count: number;
    peak: number | null;
    peak_score: number;
    last_value: number | null;
    last_baseline: number | null;
    good_minutes: number;
    idle_minutes: number;
    opened_ms: number;
    resolved_ms: number;
    resolution: number;
    acknowledged_ms: number;
    acknowledged_by: string;
    cause_id: string;
    notified_ms: number;
    escalated_ms: number;
  };
  alarm_comment: {
    id: string;
    alarm_id: string;
    time_ms: number;
    author: string;
    text: string;
    acknowledges: number;
  };
  alarm_silence: {
    id: string;
    rule_id: string;
    service: string;
    instance: string;
    host: string;
    from_ms: number;
    until_ms: number;
    comment: string;
    author: string;
  };
  alarm_channel: {
    id: string;
    name: string;
    enabled: number;
    kind: number;
    settings: string;
    secrets: string;
    updated_ms: number;
    last_ms: number;
    last_ok: number;
    last_outcome: string;
  };
  alarm_notification: {
    id: string;
    alarm_id: string;
    channel_id: string;
    event: number;
    delivery: number;
    created_ms: number;
    due_ms: number;
    done_ms: number;
    attempts: number;
    outcome: string;
    message_id: string;
  };
  alarm_lease: { name: string; holder: string; token: number; expires_ms: number };
  alarm_progress: { source: string; judged_ms: number; failing_since_ms: number; failure: string };
  alarm_turn: { turn: number };
  alarm_overflow: { rule_id: string; more: number };
}
