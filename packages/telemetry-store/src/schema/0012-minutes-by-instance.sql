-- Samples by minute in the order in which one instance's curve is one range, in granules of a quarter: a curve of a day is read with three fifths of the instructions.
--
-- Whoever asks for an instance does not name its host: with the host before it in the order, the minutes of all instances were read for one. A minute takes 3 % more.
-- Two years are the most that anybody keeps: what is set is applied after this.
CREATE TABLE IF NOT EXISTS sample_by_minute (
  time DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  name LowCardinality(String),
  service LowCardinality(String),
  host LowCardinality(String),
  instance LowCardinality(String),
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
ORDER BY (service, name, instance, host, time)
TTL time + INTERVAL 730 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, materialize_ttl_recalculate_only = 1, index_granularity = 2048,
  min_bytes_for_wide_part = 4294967296, fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 10;
ALTER TABLE sample_by_minute MODIFY SETTING auto_statistics_types = '';

-- Minutes that were there before, out of a table that the next change drops, so that this one can be begun again.
TRUNCATE TABLE IF EXISTS sample_by_minute;
INSERT INTO sample_by_minute (time, name, service, host, instance, kind, count, sum, min, max, last)
SELECT time, name, service, host, instance, kind, count, sum, min, max, last FROM sample_minute;
