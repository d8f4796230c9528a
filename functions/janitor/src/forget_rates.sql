-- $1 rows. A day is longer than any window.
DELETE FROM rate_limits WHERE ip IN (
    SELECT ip FROM rate_limits
     WHERE window_start < now() - interval '1 day'
     LIMIT $1
       FOR UPDATE SKIP LOCKED)
