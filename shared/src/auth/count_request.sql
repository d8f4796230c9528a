-- Counts a request, unless that would be more than there may be. $1 for whom, $2 seconds of a window, $3 the most.
-- Answers null hits where it was not counted. Safe to send twice: a repeat counts once more.
WITH counting AS MATERIALIZED (
    SELECT to_timestamp(floor(extract(epoch FROM now()) / $2) * $2) AS window_start
), hit AS (
    INSERT INTO request_counts AS r (counted, window_start, hits) SELECT $1, window_start, 1 FROM counting
    ON CONFLICT (counted) DO UPDATE
       SET hits = CASE WHEN r.window_start = excluded.window_start THEN r.hits + 1 ELSE 1 END,
           window_start = excluded.window_start
     WHERE r.window_start <> excluded.window_start OR r.hits < $3
    RETURNING hits
)
SELECT jsonb_build_object('hits', (SELECT hits FROM hit),
    'reset_seconds', ceil(extract(epoch FROM window_start) + $2 - extract(epoch FROM now()))::bigint)
  FROM counting
