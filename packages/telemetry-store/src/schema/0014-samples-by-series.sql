-- Samples as reported and by minute with numbers in the place of names (`keyId` of each), in the order of series: the engine merges such rows in less than half of
-- the time, and a question for names computes their numbers. The hours keep the names, for all that is here too: they are the list of what there is.
--
-- Minutes have granules of a quarter. Two years are the most that anybody keeps: what is set is applied after this.
CREATE TABLE IF NOT EXISTS series_sample (
  time DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  name_id UInt64 CODEC(ZSTD(1)),
  service_id UInt64 CODEC(ZSTD(1)),
  instance_id UInt64 CODEC(ZSTD(1)),
  host_id UInt64 CODEC(ZSTD(1)),
  kind UInt8 CODEC(ZSTD(1)),
  value Float64 CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (name_id, service_id, instance_id, host_id, time)
TTL time + INTERVAL 2 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, materialize_ttl_recalculate_only = 1,
  min_bytes_for_wide_part = 4294967296, fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 10;
ALTER TABLE series_sample MODIFY SETTING auto_statistics_types = '';

CREATE TABLE IF NOT EXISTS series_minute (
  time DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  name_id UInt64 CODEC(ZSTD(1)),
  service_id UInt64 CODEC(ZSTD(1)),
  instance_id UInt64 CODEC(ZSTD(1)),
  host_id UInt64 CODEC(ZSTD(1)),
  kind SimpleAggregateFunction(any, UInt8) CODEC(ZSTD(1)),
  count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  sum SimpleAggregateFunction(sum, Float64) CODEC(Delta, ZSTD(1)),
  min SimpleAggregateFunction(min, Float64) CODEC(Delta, ZSTD(1)),
  max SimpleAggregateFunction(max, Float64) CODEC(Delta, ZSTD(1)),
  -- Parts are merged in the order of their inserts, and a host sends in the order of time.
  last SimpleAggregateFunction(anyLast, Float64) CODEC(Delta, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (name_id, service_id, instance_id, host_id, time)
TTL time + INTERVAL 730 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, materialize_ttl_recalculate_only = 1, index_granularity = 2048,
  min_bytes_for_wide_part = 4294967296, fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 10;
ALTER TABLE series_minute MODIFY SETTING auto_statistics_types = '';

-- What was there before, out of tables that the next change drops, so that this one can be begun again.
TRUNCATE TABLE IF EXISTS series_sample;
INSERT INTO series_sample (time, name_id, service_id, instance_id, host_id, kind, value)
SELECT time, reinterpretAsUInt64(substring(SHA256(name), 1, 8)), reinterpretAsUInt64(substring(SHA256(service), 1, 8)),
  reinterpretAsUInt64(substring(SHA256(instance), 1, 8)), reinterpretAsUInt64(substring(SHA256(host), 1, 8)), kind, value FROM sample;
TRUNCATE TABLE IF EXISTS series_minute;
INSERT INTO series_minute (time, name_id, service_id, instance_id, host_id, kind, count, sum, min, max, last)
SELECT time, reinterpretAsUInt64(substring(SHA256(name), 1, 8)), reinterpretAsUInt64(substring(SHA256(service), 1, 8)),
  reinterpretAsUInt64(substring(SHA256(instance), 1, 8)), reinterpretAsUInt64(substring(SHA256(host), 1, 8)), kind, count, sum, min, max, last
FROM sample_by_minute;
