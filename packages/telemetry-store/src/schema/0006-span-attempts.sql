-- Which attempt of a call a span is, by which routes it went, and what was released where it was recorded. Nearly all rows have the same
-- values as the ones before them, which cost next to nothing.

-- 0 for the first attempt of a call, n for the n-th one after it.
ALTER TABLE span ADD COLUMN IF NOT EXISTS attempt UInt8 CODEC(ZSTD(1));

-- msec.telemetry.v1.AttemptReason.
ALTER TABLE span ADD COLUMN IF NOT EXISTS attempt_reason UInt8 CODEC(ZSTD(1));

-- RouteTable.version of the called service as its caller had it; 0 where it went by no table.
ALTER TABLE span ADD COLUMN IF NOT EXISTS route_version UInt32 CODEC(ZSTD(1));

-- Of the instance that recorded the span; empty where its agent knows none.
ALTER TABLE span ADD COLUMN IF NOT EXISTS release LowCardinality(String);
