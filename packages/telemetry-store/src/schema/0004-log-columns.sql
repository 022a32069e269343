-- What the framework knows of each log line beside its text, as columns, and when the server got it, by which new lines are followed.

ALTER TABLE log ADD COLUMN IF NOT EXISTS caller LowCardinality(String);

ALTER TABLE log ADD COLUMN IF NOT EXISTS peer LowCardinality(String);

ALTER TABLE log ADD COLUMN IF NOT EXISTS source LowCardinality(String);

ALTER TABLE log ADD COLUMN IF NOT EXISTS function LowCardinality(String);

ALTER TABLE log ADD COLUMN IF NOT EXISTS dyed UInt8 CODEC(ZSTD(1));

-- 0 for lines that were there before.
ALTER TABLE log ADD COLUMN IF NOT EXISTS arrived DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1));
