create table capacity_operation (
  id text primary key,
  -- msec.console.v1.OperationState; 1 is running.
  state integer not null check (state between 1 and 5),
  started_ms bigint not null,
  -- Names of the services that it touches, each with a space before and after: ` Flight.mod_flight Login.mod_user `.
  services text not null,
  -- All of it as JSON, see operation.ts.
  body text not null
);
create index capacity_operation_started on capacity_operation (started_ms);
