-- $1 caller, $2 visitor
SELECT jsonb_build_object('access', a.access, 'rows', CASE WHEN a.access = 'ok' THEN
           listed_visitor(v) || jsonb_build_object('approvals', coalesce((
               SELECT jsonb_agg(jsonb_build_object(
                          'id', va.id, 'user_id', va.user_id, 'user_name', u.name, 'decided_by', va.decided_by,
                          'decision', va.decision, 'note', va.note, 'created_at', va.created_at)
                      ORDER BY va.created_at, va.id)
                 FROM visitor_approvals va JOIN users u ON u.id = va.user_id WHERE va.visitor_id = v.id), '[]'),
               'asked', CASE WHEN is_staff(me, v.society_id, v.block_id) THEN jsonb_build_object(
                   'delivery', delivery_of(v.id), 'residents', room_users('flat:' || v.flat_id)) END) END)
  FROM caller_scope($1) AS me, visitors v, LATERAL flat_access(me, v.flat_id) AS a (access)
 WHERE v.id = $2
