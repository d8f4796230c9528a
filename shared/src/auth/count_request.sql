-- Counts a request for :subject, unless that would be more than :most in :window seconds. :given_back is a count that gets
-- one back, or null; :full one that must not be at :full_at, or null. Answers null hits where it was not counted. Safe to
-- send twice: a repeat counts once more.
WITH counting AS MATERIALIZED (
    SELECT to_timestamp(floor(extract(epoch FROM now()) / :window::float8) * :window) AS window_start
), given_back AS (
    UPDATE request_counts SET hits = hits - 1 WHERE counted = :given_back AND hits > 0
), hit AS (
    INSERT INTO request_counts AS r (counted, window_start, hits)
    SELECT :subject, c.window_start, 1 FROM counting c
     WHERE NOT EXISTS (SELECT FROM request_counts o WHERE o.counted = :full AND o.window_start = c.window_start AND o.hits >= :full_at)
    ON CONFLICT (counted) DO UPDATE
       SET hits = CASE WHEN r.window_start = excluded.window_start THEN r.hits + 1 ELSE 1 END,
           window_start = excluded.window_start
     WHERE r.window_start <> excluded.window_start OR r.hits < :most
    RETURNING hits
)
SELECT jsonb_build_object('hits', (SELECT hits FROM hit),
    'reset_seconds', ceil(extract(epoch FROM window_start) + :window - extract(epoch FROM now()))::bigint)
  FROM counting
