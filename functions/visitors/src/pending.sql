-- $1 caller
SELECT listed_visitor(v)
  FROM caller_scope($1) AS me, visitors v
 WHERE v.flat_id = ANY (me.flats) AND v.status = 'pending' AND NOT v.guest_pass AND v.hidden_at IS NULL
 ORDER BY v.created_at DESC, v.id DESC
 LIMIT 200
