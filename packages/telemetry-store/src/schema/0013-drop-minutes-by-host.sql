-- What `sample_by_minute` has taken over.

DROP TABLE IF EXISTS sample_minute;
