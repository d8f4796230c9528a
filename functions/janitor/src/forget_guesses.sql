-- $1 rows. A day is longer than any window.
DELETE FROM pass_guesses WHERE user_id IN (
    SELECT user_id FROM pass_guesses
     WHERE window_start < now() - interval '1 day'
     LIMIT $1
       FOR UPDATE SKIP LOCKED)
