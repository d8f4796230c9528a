-- $1 caller, $2 flat
SELECT jsonb_build_object('access', flat_access(me, $2), 'rows', jsonb_build_object(
           'flat_id', $2,
           'pending_count', (SELECT count(*) FROM visitors v
                              WHERE v.flat_id = $2 AND v.status = 'pending' AND NOT v.guest_pass AND v.hidden_at IS NULL)))
  FROM caller_scope($1) AS me
