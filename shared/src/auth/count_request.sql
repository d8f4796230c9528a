-- Counts a request, unless that would be more than there may be. $1 for whom, $2 seconds of a window, $3 the most;
-- $4 a count that gets one back, or null; $5 a count that must not be at its most, $6, or null. Answers null hits where
-- it was not counted. Safe to send twice: a repeat counts once more.
WITH counting AS MATERIALIZED (
    SELECT to_timestamp(floor(extract(epoch FROM now()) / $2) * $2) AS window_start
), given_back AS (
    UPDATE request_counts SET hits = hits - 1 WHERE counted = $4 AND hits > 0
), hit AS (
    INSERT INTO request_counts AS r (counted, window_start, hits)
    SELECT $1, c.window_start, 1 FROM counting c
     WHERE NOT EXISTS (SELECT FROM request_counts o WHERE o.counted = $5 AND o.window_start = c.window_start AND o.hits >= $6)
    ON CONFLICT (counted) DO UPDATE
       SET hits = CASE WHEN r.window_start = excluded.window_start THEN r.hits + 1 ELSE 1 END,
           window_start = excluded.window_start
     WHERE r.window_start <> excluded.window_start OR r.hits < $3
    RETURNING hits
)
SELECT jsonb_build_object('hits', (SELECT hits FROM hit),
    'reset_seconds', ceil(extract(epoch FROM window_start) + $2 - extract(epoch FROM now()))::bigint)
  FROM counting
