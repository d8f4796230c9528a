-- $1 rows. A day is longer than any window.
DELETE FROM request_counts WHERE counted IN (
    SELECT counted FROM request_counts
     WHERE window_start < now() - interval '1 day'
     LIMIT $1
       FOR UPDATE SKIP LOCKED)
