-- As an operator says; what its agent says itself is in the report, and goes before.
alter table host add column zone text not null default '';
-- The lowest route version that its processes use, as its agent last said.
alter table host add column used_route_version bigint not null default 0;
