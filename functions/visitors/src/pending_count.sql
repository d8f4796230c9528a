SELECT jsonb_build_object('access', flat_access(me, :flat), 'rows', jsonb_build_object(
           'flat_id', :flat,
           'pending_count', (SELECT count(*) FROM visitors v
                              WHERE v.flat_id = :flat AND v.status = 'pending' AND NOT v.guest_pass AND v.hidden_at IS NULL)))
  FROM caller_scope(:caller) AS me
