-- msec.agent.v1.RoutingPolicy as JSON; empty: the defaults.
alter table service add column policy text not null default '';
create index service_route_version on service (route_version);

-- Whether it is meant to run, and how often an operator has had it started: a process of an earlier generation is replaced.
alter table instance add column run integer not null default 1 check (run in (0, 1));
alter table instance add column generation bigint not null default 0;
-- msec.agent.v1.InstanceSettings as JSON; empty: none.
alter table instance add column settings text not null default '';
-- msec.agent.v1.Transport.
alter table instance add column transport integer not null default 1 check (transport between 1 and 3);
-- Since when it is left out of callers' tables because nobody hears of it, milliseconds since 1970 UTC; 0: it is not.
alter table instance add column withheld_ms bigint not null default 0;

-- A service that is removed leaves its name and the version at which it went, so that agents hear of it.
create table removed_service (
  name text primary key,
  route_version bigint not null
);
create index removed_service_version on removed_service (route_version);
