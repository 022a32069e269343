create table service (
  name text primary key,
  -- msec.console.v1.ServiceKind: 1 standard, 2 external.
  kind integer not null check (kind in (1, 2)),
  default_port integer not null check (default_port between 0 and 65535),
  created_ms bigint not null,
  -- Version of its route table; 0 until an instance was in routing for the first time.
  route_version bigint not null default 0
);

create table instance (
  id text primary key,
  service text not null references service (name),
  address text not null,
  -- 0 where the program listens on nothing.
  port integer not null check (port between 0 and 65535),
  -- Null for external services.
  host_id text references host (id),
  in_routing integer not null check (in_routing in (0, 1)),
  weight integer not null check (weight between 1 and 10000),
  routing_changed_ms bigint not null
);
create unique index instance_endpoint on instance (address, port) where port > 0;
create index instance_service on instance (service);
create index instance_host on instance (host_id);

-- Numbers that rise with each change in the cluster. Updating a row is also the lock that makes changes take turns, so
-- that versions become visible in their order.
create table cluster_version (
  name text primary key,
  value bigint not null
);
insert into cluster_version (name, value) values ('route', 0);
insert into cluster_version (name, value) values ('assignment', 0);

-- The version of what a host is to run; hosts without instances have no row.
create table host_assignment (
  host_id text primary key,
  version bigint not null
);
