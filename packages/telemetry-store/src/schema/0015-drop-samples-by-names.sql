-- What `series_sample` and `series_minute` have taken over.

DROP TABLE IF EXISTS sample;
DROP TABLE IF EXISTS sample_by_minute;
