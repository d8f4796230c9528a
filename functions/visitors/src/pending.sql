-- $1 caller, $2/$3 cursor, $4 rows. Whoever waits is at the door of those who live there now (is_own), whenever they moved in.
SELECT listed_visitor(v)
  FROM caller_scope($1) AS me, visitors v
 WHERE v.flat_id = ANY (me.flats) AND v.status = 'pending' AND NOT v.guest_pass AND v.hidden_at IS NULL
   AND (v.created_at, v.id) < ($2, $3)
 ORDER BY v.created_at DESC, v.id DESC
 LIMIT $4
