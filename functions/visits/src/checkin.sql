-- :visit is the id of the visit that begins; :guard is the one that the body names, or null
WITH target AS MATERIALIZED (
    -- The lock waits for a parallel check-in or denial and shows the state it left.
    SELECT v AS visitor, g.id AS guard_id, v.society_id = ANY (me.guard_of) AND g.id = coalesce(:guard, g.id) AS allowed
      FROM caller_scope(:caller) AS me, visitors v
      LEFT JOIN guards g ON g.user_id = :caller AND g.society_id = v.society_id AND g.active
     WHERE v.id = :visitor AND has_part(me, v.society_id)
       FOR NO KEY UPDATE OF v
), judged AS MATERIALIZED (
    SELECT (t.visitor).id, (t.visitor).status, t.guard_id, t.allowed, entry_verdict(t.visitor, false) AS verdict FROM target t
), claim AS MATERIALIZED (
    SELECT c.* FROM judged j, claim_key(:caller, :method, :path, :key, :payload,
        CASE WHEN j.verdict ->> 'code' IS NULL THEN jsonb_build_object(
            'id', :visit::uuid, 'visitor_id', j.id, 'guard_id', j.guard_id, 'checkin_time', now(), 'checkout_time', NULL,
            'checkin_method', :checkin_method::text, 'notes', :notes::text, 'created_at', now()) END) c
     WHERE j.allowed
), changed AS (
    -- The row is locked, so its state is still the one that was judged.
    UPDATE visitors v
       SET status = 'checked_in', visit_id = :visit, checkin_time = now(), checkout_time = NULL, entries = entries_used(v) + 1,
           updated_at = now()
      FROM judged j, claim c
     WHERE v.id = j.id AND c.fresh
    RETURNING v.id, v.visitor_name, v.society_id, v.block_id, v.flat_id, j.guard_id
), made AS (
    INSERT INTO visits (id, checkin_time, society_id, block_id, flat_id, visitor_id, guard_id, checkin_method, notes, created_at)
    SELECT :visit, now(), society_id, block_id, flat_id, id, guard_id, :checkin_method, :notes, now() FROM changed
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'visit.checkin', 'visit', :visit, society_id, :request, jsonb_build_object('visitor_id', id) FROM changed
), told AS (
    SELECT jsonb_build_array(emit('flat:' || flat_id, 'visitor_checkin', data, :caller, :request, :trace),
                             emit('society:' || society_id, 'visitor_checkin', data, :caller, :request, :trace)) AS events
      FROM (SELECT flat_id, society_id, jsonb_build_object(
                       'visitor_id', id, 'visitor_name', visitor_name, 'visit_id', :visit,
                       'checkin_time', rfc3339(now())) AS data FROM changed) e
)
SELECT jsonb_build_object('allowed', coalesce(j.allowed, false), 'fresh', coalesce(c.fresh, false),
                          'mismatch', coalesce(c.mismatch, false), 'status', j.status, 'refusal', j.verdict,
                          'answer', c.answer, 'events', (SELECT events FROM told))
  FROM judged j LEFT JOIN claim c ON true
