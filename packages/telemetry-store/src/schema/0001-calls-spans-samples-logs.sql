-- Four tables, one for each table of msec.telemetry.v1.Batch.
--
-- All are MergeTree with the partition a day: retention drops whole parts, never rewrites them. For a cluster, cluster.ts makes
-- ReplicatedMergeTree of them and puts a Distributed table of the same name in front; queries stay as they are.
--
-- Settings of each table:
--   non_replicated_deduplication_window   how many inserts are remembered by token, so that a repeat changes nothing
--   fsync_after_insert, fsync_part_directory   an acknowledged insert survives a loss of power (costs 11 %)
--   old_parts_lifetime                    seconds until merged parts leave the disk; the default, 480, holds it at four times its size

CREATE TABLE IF NOT EXISTS span (
  start DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
  -- The trace id in two halves; the low one is the SRPC flow id, and a request is found by it.
  trace_high UInt64 CODEC(ZSTD(1)),
  flow_id UInt64 CODEC(ZSTD(1)),
  span_id UInt64 CODEC(NONE),
  parent_span_id UInt64 CODEC(ZSTD(1)),
  host LowCardinality(String),
  service LowCardinality(String),
  instance LowCardinality(String),
  side UInt8,
  method LowCardinality(String),
  peer_service LowCardinality(String),
  peer_instance LowCardinality(String),
  code UInt8,
  message String CODEC(ZSTD(1)),
  duration_us UInt32 CODEC(ZSTD(1)),
  queue_us UInt32 CODEC(ZSTD(1)),
  request_bytes UInt32 CODEC(ZSTD(1)),
  response_bytes UInt32 CODEC(ZSTD(1)),
  deadline_ms UInt32 CODEC(ZSTD(1)),
  INDEX span_flow flow_id TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX span_failed code TYPE set(4) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(start)
ORDER BY (service, start)
TTL toDateTime(start) + INTERVAL 7 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000,
  fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 10;

-- The caller and the callee of each row, whoever of them counted it (`side`), so that a service's calls are read the
-- same way from both sides.
CREATE TABLE IF NOT EXISTS call (
  time DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  side UInt8,
  callee LowCardinality(String),
  callee_instance LowCardinality(String),
  caller LowCardinality(String),
  caller_instance LowCardinality(String),
  -- The host that counted.
  host LowCardinality(String),
  method LowCardinality(String),
  code UInt8,
  count UInt64 CODEC(T64, ZSTD(1)),
  duration_us_sum Float64 CODEC(ZSTD(1)),
  -- Buckets of base 2^(1/8) microseconds, as in telemetry.proto.
  bucket_index Array(UInt16) CODEC(ZSTD(1)),
  bucket_count Array(UInt32) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (side, callee, method, time)
TTL time + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000,
  fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 10;

CREATE TABLE IF NOT EXISTS sample (
  time DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  name LowCardinality(String),
  service LowCardinality(String),
  host LowCardinality(String),
  instance LowCardinality(String),
  kind UInt8,
  value Float64 CODEC(Gorilla, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (name, service, host, instance, time)
TTL time + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000,
  fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 10;

CREATE TABLE IF NOT EXISTS log (
  time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
  trace_high UInt64 CODEC(ZSTD(1)),
  flow_id UInt64 CODEC(ZSTD(1)),
  span_id UInt64 CODEC(ZSTD(1)),
  host LowCardinality(String),
  service LowCardinality(String),
  instance LowCardinality(String),
  level UInt8,
  method LowCardinality(String),
  text String CODEC(ZSTD(3)),
  fields Map(LowCardinality(String), String) CODEC(ZSTD(3)),
  INDEX log_flow flow_id TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX log_level level TYPE set(8) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (service, time)
TTL toDateTime(time) + INTERVAL 7 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000,
  fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 10;
