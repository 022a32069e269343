create table dye_rule (
  id text primary key,
  -- A field and its value, a service and a caller; what is empty does not count.
  field text not null,
  value text not null,
  service text not null,
  caller text not null,
  note text not null,
  created_ms bigint not null,
  expires_ms bigint not null,
  created_by text not null
);
create index dye_rule_expires on dye_rule (expires_ms);
