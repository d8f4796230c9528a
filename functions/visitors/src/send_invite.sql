-- $1-$6 as in shared::write; $7 visitor, $8 notification, $9 channel
WITH target AS MATERIALIZED (
    SELECT v.id, v.society_id, v.status, v.expected_end,
           v.status IN ('pending', 'accepted') AND approved_template('invite', $9) IS NULL AS unapproved,
           is_own(me, v) OR is_staff(me, v.society_id, v.block_id) AS allowed
      FROM visitors v, caller_scope($1) AS me
     WHERE v.id = $7 AND has_part(me, v.society_id)
       FOR UPDATE OF v
), claim AS MATERIALIZED (
    SELECT c.* FROM target t, claim_key($1, $2, $3, $4, $5,
        CASE WHEN t.status IN ('pending', 'accepted') AND NOT t.unapproved
             THEN jsonb_build_object('message', 'The invitation is on its way.', 'notification_id', $8) END) c
     WHERE t.allowed
), made AS (
    INSERT INTO notification_logs (id, visitor_id, channel, kind, dedupe_key, expires_at, payload, status, reason, failed_at)
    SELECT $8, t.id, $9, 'invite', 'invite:' || $8, coalesce(t.expected_end, now() + interval '1 day'),
           jsonb_build_object('type', 'invite', 'visitor_id', t.id),
           CASE WHEN c.fresh THEN 'queued' ELSE 'failed' END, CASE WHEN NOT c.fresh THEN 'template_not_approved' END,
           CASE WHEN NOT c.fresh THEN now() END
      FROM target t, claim c WHERE c.fresh OR t.unapproved AND c.answer IS NULL AND NOT c.mismatch
    RETURNING status
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT $1, 'visitor.invite', 'visitor', t.id, t.society_id, $6, jsonb_build_object('channel', $9)
      FROM target t, claim c WHERE c.fresh
)
SELECT jsonb_build_object('allowed', t.allowed, 'fresh', coalesce(c.fresh, false), 'mismatch', coalesce(c.mismatch, false),
                          'status', t.status, 'unapproved', t.unapproved,
                          'answer', c.answer, 'queued', EXISTS (SELECT FROM made WHERE status = 'queued'))
  FROM target t LEFT JOIN claim c ON true
