-- What was released at each instance when its process last started, so that another one is noticed also when it came while this server was away.
create table instance_release (
  instance_id text primary key,
  release text not null
);
