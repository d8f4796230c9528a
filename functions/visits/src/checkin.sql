-- $1-$6 as in shared::write; $7 visitor, $8 visit, $9 method, $10 notes, $11 guard named in the body
WITH target AS MATERIALIZED (
    -- The lock waits for a parallel check-in or denial and shows the state it left.
    SELECT v AS visitor, g.id AS guard_id, v.society_id = ANY (me.guard_of) AND g.id = coalesce($11, g.id) AS allowed
      FROM caller_scope($1) AS me, visitors v
      LEFT JOIN guards g ON g.user_id = $1 AND g.society_id = v.society_id AND g.active
     WHERE v.id = $7 AND has_part(me, v.society_id)
       FOR NO KEY UPDATE OF v
), judged AS MATERIALIZED (
    SELECT (t.visitor).id, (t.visitor).status, t.guard_id, t.allowed, entry_verdict(t.visitor, false) AS verdict FROM target t
), claim AS MATERIALIZED (
    SELECT c.* FROM judged j, claim_key($1, $2, $3, $4, $5,
        CASE WHEN j.verdict ->> 'code' IS NULL THEN jsonb_build_object(
            'id', $8, 'visitor_id', j.id, 'guard_id', j.guard_id, 'checkin_time', now(), 'checkout_time', NULL,
            'checkin_method', $9, 'notes', $10, 'created_at', now()) END) c
     WHERE j.allowed
), changed AS (
    -- The row is locked, so its state is still the one that was judged.
    UPDATE visitors v
       SET status = 'checked_in', visit_id = $8, checkin_time = now(), checkout_time = NULL, entries = entries_used(v) + 1,
           updated_at = now()
      FROM judged j, claim c
     WHERE v.id = j.id AND c.fresh
    RETURNING v.id, v.visitor_name, v.society_id, v.block_id, v.flat_id, j.guard_id
), made AS (
    INSERT INTO visits (id, checkin_time, society_id, block_id, flat_id, visitor_id, guard_id, checkin_method, notes, created_at)
    SELECT $8, now(), society_id, block_id, flat_id, id, guard_id, $9, $10, now() FROM changed
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT $1, 'visit.checkin', 'visit', $8, society_id, $6, jsonb_build_object('visitor_id', id) FROM changed
), told AS (
    SELECT jsonb_build_array(emit('flat:' || flat_id, 'visitor_checkin', data, $1, $6, NULL),
                             emit('society:' || society_id, 'visitor_checkin', data, $1, $6, NULL)) AS events
      FROM (SELECT flat_id, society_id, jsonb_build_object(
                       'visitor_id', id, 'visitor_name', visitor_name, 'visit_id', $8,
                       'checkin_time', rfc3339(now())) AS data FROM changed) e
)
SELECT jsonb_build_object('allowed', coalesce(j.allowed, false), 'fresh', coalesce(c.fresh, false),
                          'mismatch', coalesce(c.mismatch, false), 'status', j.status, 'refusal', j.verdict,
                          'answer', c.answer, 'events', (SELECT events FROM told))
  FROM judged j LEFT JOIN claim c ON true
