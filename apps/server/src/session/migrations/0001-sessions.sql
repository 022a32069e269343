-- Tokens are kept as SHA-256, hex: who reads the database cannot sign in with what it holds. The tokens have 256 random
-- bits, so a fast hash is enough and no salt is needed.
create table sign_in_token (
  hash text primary key,
  expires_ms bigint not null
);

create table session (
  hash text primary key,
  created_ms bigint not null,
  used_ms bigint not null
);
