-- What `log_line`, `log_request` and `span_request` have taken over.

DROP VIEW IF EXISTS log_place_view;
DROP TABLE IF EXISTS log_place;
DROP VIEW IF EXISTS span_place_view;
DROP TABLE IF EXISTS span_place;
DROP TABLE IF EXISTS log;
