-- What is read of a line is read quickly, and its errors are read alone.

-- LZ4 in the place of ZSTD(3): 20 bytes a line more, and of the processor time 15 % less to insert, 30 % less to merge, 45 % less to search a text. Parts that are
-- there get it when they are merged.
ALTER TABLE log MODIFY COLUMN text String CODEC(LZ4);
ALTER TABLE log MODIFY COLUMN fields Map(LowCardinality(String), String) CODEC(LZ4);

-- The lines of level ERROR and above once more, one in a hundred or fewer: the last hundred of a service are side by side here and in as many granules of `log`
-- as there are hundreds of lines between two errors. Without the columns of users' fields, for which nobody asks here.
CREATE TABLE IF NOT EXISTS log_error (
  time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
  trace_high UInt64 CODEC(ZSTD(1)),
  flow_id UInt64 CODEC(ZSTD(1)),
  span_id UInt64 CODEC(ZSTD(1)),
  host LowCardinality(String),
  service LowCardinality(String),
  instance LowCardinality(String),
  level UInt8,
  method LowCardinality(String),
  text String CODEC(LZ4),
  fields Map(LowCardinality(String), String) CODEC(LZ4),
  caller LowCardinality(String),
  peer LowCardinality(String),
  source LowCardinality(String),
  function LowCardinality(String),
  dyed UInt8 CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (service, time)
TTL toDateTime(time) + INTERVAL 7 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, materialize_ttl_recalculate_only = 1, index_granularity = 256,
  fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 10;

CREATE MATERIALIZED VIEW IF NOT EXISTS log_error_view TO log_error AS
SELECT time, trace_high, flow_id, span_id, host, service, instance, level, method, text, fields, caller, peer, source, function, dyed
FROM log WHERE level >= 17;

-- Lines that were there before.
TRUNCATE TABLE IF EXISTS log_error;
INSERT INTO log_error
SELECT time, trace_high, flow_id, span_id, host, service, instance, level, method, text, fields, caller, peer, source, function, dyed
FROM log WHERE level >= 17;
