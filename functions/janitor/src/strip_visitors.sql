-- $1 policy, $2 its default in days, $3 rows
SELECT strip_visitor(v) FROM societies s, LATERAL (
    SELECT * FROM visitors
     WHERE society_id = s.id AND stripped_at IS NULL AND status <> 'checked_in'
       AND greatest(created_at, expected_start, expected_end, checkout_time)
           < now() - make_interval(days => policy_number(s.id, $1, $2))
     LIMIT $3
       FOR NO KEY UPDATE SKIP LOCKED) v
 LIMIT $3
