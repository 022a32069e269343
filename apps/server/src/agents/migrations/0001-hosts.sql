create table enroll_token (
  hash text primary key,
  -- The only host that may use it; empty for any.
  host_name text not null,
  expires_ms bigint not null
);

create table host (
  -- Random and never reused, also when a host of the same name enrols again: with a sequence number it names telemetry.
  id text primary key,
  name text not null unique,
  address text not null,
  -- SHA-256 of the certificate that its agent presents, hex: its identity.
  fingerprint text not null unique,
  enrolled_ms bigint not null,
  -- What its agent last said; written every few seconds, so a crash of the server loses at most that.
  seen_ms bigint not null default 0,
  applied_route_version bigint not null default 0,
  applied_assignment_version bigint not null default 0,
  -- msec.agent.v1.ReportHostRequest as JSON; empty before the first report.
  report text not null default ''
);
