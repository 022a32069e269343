-- How long and how much of each kind of telemetry is kept; a kind without a row has the default.
create table telemetry_retention (
  -- spans, logs, calls, samples.
  kind text primary key,
  days integer not null check (days between 1 and 730),
  -- 0: no limit but the age.
  max_bytes bigint not null check (max_bytes >= 0)
);

-- What was done to services, for marks on the time axis of their curves.
create table telemetry_event (
  id text primary key,
  time_ms bigint not null,
  service text not null,
  -- msec.console.v1.EventKind.
  kind integer not null,
  subject text not null,
  -- The account, or `operator`.
  done_by text not null
);
create index telemetry_event_time on telemetry_event (time_ms);
create index telemetry_event_service on telemetry_event (service, time_ms);
