-- What is bad. The rule itself is protobuf's JSON of msec.console.v1.AlarmRule, with its id, name and times.
create table alarm_rule (
  id text primary key,
  name text not null,
  enabled integer not null check (enabled in (0, 1)),
  definition text not null,
  updated_ms bigint not null,
  updated_by text not null
);
create unique index alarm_rule_name on alarm_rule (name);

create table alarm (
  id text primary key,
  rule_id text not null,
  -- The rule as it was when the alarm was last raised: history stays readable when a rule changes or goes.
  definition text not null,
  target text not null,
  service text not null,
  instance text not null,
  host text not null,
  severity integer not null check (severity between 1 and 3),
  is_open integer not null check (is_open in (0, 1)),
  -- Starts of minutes.
  first_ms bigint not null,
  last_ms bigint not null,
  count integer not null,
  -- Null: no data, for silence.
  peak double precision,
  peak_score double precision not null,
  last_value double precision,
  last_baseline double precision,
  -- Minutes in a row that were good, and that could not be judged.
  good_minutes integer not null,
  idle_minutes integer not null,
  opened_ms bigint not null,
  resolved_ms bigint not null,
  -- msec.console.v1.AlarmResolution.
  resolution integer not null,
  acknowledged_ms bigint not null,
  acknowledged_by text not null,
  cause_id text not null,
  notified_ms bigint not null,
  escalated_ms bigint not null
);
-- Converged: one open alarm for each rule and target.
create unique index alarm_open on alarm (rule_id, target) where is_open = 1;
create index alarm_history on alarm (is_open, opened_ms);

create table alarm_comment (
  id text primary key,
  alarm_id text not null references alarm (id),
  time_ms bigint not null,
  author text not null,
  text text not null,
  acknowledges integer not null check (acknowledges in (0, 1))
);
create index alarm_comment_alarm on alarm_comment (alarm_id);

create table alarm_silence (
  id text primary key,
  rule_id text not null,
  service text not null,
  instance text not null,
  host text not null,
  from_ms bigint not null,
  until_ms bigint not null,
  comment text not null,
  author text not null
);

create table alarm_channel (
  id text primary key,
  name text not null,
  enabled integer not null check (enabled in (0, 1)),
  kind integer not null,
  -- Protobuf's JSON of msec.console.v1.AlarmChannel without its secrets.
  settings text not null,
  -- JSON of the secrets, encrypted; empty: none.
  secrets text not null,
  updated_ms bigint not null,
  last_ms bigint not null,
  last_ok integer not null check (last_ok in (0, 1)),
  last_outcome text not null
);
create unique index alarm_channel_name on alarm_channel (name);

-- The outbox: written with the change that it tells of, sent by whoever holds the lease.
create table alarm_notification (
  id text primary key,
  alarm_id text not null references alarm (id),
  channel_id text not null,
  -- msec.console.v1.AlarmEvent and AlarmDelivery.
  event integer not null,
  delivery integer not null,
  created_ms bigint not null,
  -- Not before; then it is due.
  due_ms bigint not null,
  done_ms bigint not null,
  attempts integer not null,
  outcome text not null,
  -- The same for all that were sent as one message; empty until then.
  message_id text not null
);
create unique index alarm_notification_once on alarm_notification (alarm_id, channel_id, event);
create index alarm_notification_due on alarm_notification (delivery, due_ms);
create index alarm_notification_sent on alarm_notification (channel_id, done_ms);

-- One row: who judges and sends. The token rises with each holder; writes of an old one are refused.
create table alarm_lease (
  name text primary key,
  holder text not null,
  token bigint not null,
  expires_ms bigint not null
);
insert into alarm_lease (name, holder, token, expires_ms) values ('evaluator', '', 0, 0);

-- The newest minute judged of each source of data, and since when and why minutes are not evaluated.
create table alarm_progress (
  source text primary key,
  judged_ms bigint not null,
  failing_since_ms bigint not null,
  failure text not null
);

-- Targets in alarm beyond those that alarms are opened for.
create table alarm_overflow (
  rule_id text primary key,
  more integer not null
);
