-- A day's quantiles of a service's methods are read as histograms and computed where they are asked for: 20 ms of processor time, where merging states
-- in the engine took 50.

DROP VIEW IF EXISTS call_method_minute_view;
DROP TABLE IF EXISTS call_method_minute;

CREATE TABLE IF NOT EXISTS call_method_minute (
  time DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  side UInt8,
  callee LowCardinality(String),
  method LowCardinality(String),
  count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  failures SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  duration_us_sum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
  histogram SimpleAggregateFunction(sumMap, Tuple(Array(UInt16), Array(UInt64))) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (side, callee, method, time)
TTL time + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, materialize_ttl_recalculate_only = 1,
  fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 10;

CREATE MATERIALIZED VIEW IF NOT EXISTS call_method_minute_view TO call_method_minute AS
SELECT time, side, callee, method, sum(calls) AS count, sumIf(calls, code != 0) AS failures, sum(duration) AS duration_us_sum,
  sumMap(buckets) AS histogram
FROM (SELECT time, side, callee, method, code, count AS calls, duration_us_sum AS duration, histogram AS buckets FROM call_minute)
GROUP BY time, side, callee, method;

-- Minutes that were there before.
TRUNCATE TABLE IF EXISTS call_method_minute;
INSERT INTO call_method_minute
SELECT time, side, callee, method, sum(calls), sumIf(calls, code != 0), sum(duration), sumMap(buckets)
FROM (SELECT time, side, callee, method, code, count AS calls, duration_us_sum AS duration, histogram AS buckets FROM call_minute)
GROUP BY time, side, callee, method;
