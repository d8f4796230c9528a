SELECT json_build_object('access', CASE WHEN a.is_staff OR is_own(me, v) THEN 'ok' ELSE 'forbidden' END, 'rows',
           CASE WHEN a.is_staff OR is_own(me, v) THEN (
           SELECT to_json(r) FROM (SELECT s.*, coalesce((
               SELECT json_agg(json_build_object(
                          'id', va.id, 'user_id', va.user_id, 'user_name', u.name, 'decided_by', va.decided_by,
                          'decision', va.decision, 'note', va.note, 'created_at', va.created_at)
                      ORDER BY va.created_at, va.id)
                 FROM visitor_approvals va JOIN users u ON u.id = va.user_id
                -- What was said before a resident moved in is not theirs, though the visitor be here still.
                WHERE va.visitor_id = v.id AND (a.is_staff OR va.created_at >= lives_since(me, v.flat_id))), '[]') AS approvals,
               CASE WHEN a.is_staff THEN json_build_object(
                   'delivery', delivery_of(v.id), 'residents', room_users('flat:' || v.flat_id)) END AS asked
               FROM shown_visitor(v) s) r) END)
  FROM caller_scope(:caller) AS me, visitors v, LATERAL (SELECT is_staff(me, v.society_id, v.block_id)) AS a (is_staff)
 WHERE v.id = :visitor AND has_part(me, v.society_id)
