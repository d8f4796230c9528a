-- :guard is the one that the body names, or null
WITH target AS MATERIALIZED (
    -- The lock waits for a parallel check-out and shows the state it left.
    SELECT v.id, v.visitor_name, v.society_id, v.flat_id, v.status, v.visit_id, v.checkin_time, g.id AS guard_id,
           -- A pass that lets in once more waits for that; it is asked at the gate again.
           v.guest_pass AND v.withdrawn_at IS NULL AND entries_used(v) < v.max_entries
               AND clock_timestamp() < v.expected_end AS returns,
           v.society_id = ANY (me.guard_of) AND g.id = coalesce(:guard, g.id) AS allowed
      FROM caller_scope(:caller) AS me, visitors v
      LEFT JOIN guards g ON g.user_id = :caller AND g.society_id = v.society_id AND g.active
     WHERE v.visit_id = :visit AND has_part(me, v.society_id)
       FOR NO KEY UPDATE OF v
), claim AS MATERIALIZED (
    SELECT c.* FROM target t
      JOIN visits x ON x.id = t.visit_id AND x.checkin_time = t.checkin_time,
      claim_key(:caller, :method, :path, :key, :payload,
        CASE WHEN t.status = 'checked_in' THEN jsonb_build_object(
            'id', x.id, 'visitor_id', t.id, 'guard_id', x.guard_id, 'checkin_time', x.checkin_time,
            'checkout_time', now(), 'checkin_method', x.checkin_method, 'notes', coalesce(:notes, x.notes),
            'created_at', x.created_at) END) c
     WHERE t.allowed
), changed AS (
    -- The row is locked, so its state is still the one that was judged.
    UPDATE visitors v
       SET status = CASE WHEN t.returns THEN 'pending' ELSE 'checked_out' END, checkout_time = now(), updated_at = now(),
           decided_by = CASE WHEN NOT t.returns THEN v.decided_by END,
           accepted_at = CASE WHEN NOT t.returns THEN v.accepted_at END
      FROM target t, claim c
     WHERE v.id = t.id AND c.fresh
    RETURNING v.id, v.visitor_name, v.society_id, v.flat_id, v.visit_id, v.checkin_time, t.guard_id
), closed AS (
    UPDATE visits x
       SET checkout_time = now(), checkout_guard_id = c.guard_id, notes = coalesce(:notes, x.notes)
      FROM changed c
     WHERE x.id = c.visit_id AND x.checkin_time = c.checkin_time
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'visit.checkout', 'visit', visit_id, society_id, :request, jsonb_build_object('visitor_id', id) FROM changed
), told AS (
    SELECT jsonb_build_array(emit('flat:' || flat_id, 'visitor_checkout', data, :caller, :request, :trace),
                             emit('society:' || society_id, 'visitor_checkout', data, :caller, :request, :trace)) AS events
      FROM (SELECT flat_id, society_id, jsonb_build_object(
                       'visitor_id', id, 'visitor_name', visitor_name, 'visit_id', visit_id,
                       'checkout_time', rfc3339(now())) AS data FROM changed) e
)
SELECT jsonb_build_object('allowed', coalesce(t.allowed, false), 'fresh', coalesce(c.fresh, false),
                          'mismatch', coalesce(c.mismatch, false),
                          'status', CASE t.status WHEN 'checked_in' THEN 'checked_in' ELSE 'checked_out' END,
                          'answer', c.answer, 'events', (SELECT events FROM told))
  FROM target t LEFT JOIN claim c ON true
