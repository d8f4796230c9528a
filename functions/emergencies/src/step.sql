-- :next is the next state, addressed or resolved
WITH target AS MATERIALIZED (
    -- The lock waits for a parallel step and shows the state it left.
    SELECT e.id, e.society_id, e.flat_id, e.status, g.id AS guard_id, e.society_id = ANY (me.guard_of) AS allowed,
           e.status = CASE :next WHEN 'addressed' THEN 'pending' ELSE 'addressed' END AS open,
           emergency_answer(e) || jsonb_build_object('status', :next, 'updated_at', now())
               || CASE :next WHEN 'addressed' THEN jsonb_build_object('addressed_by_guard_id', g.id, 'addressed_at', now())
                          ELSE jsonb_build_object('resolved_by_guard_id', g.id, 'resolved_at', now()) END AS answer
      FROM caller_scope(:caller) AS me, emergencies e
      LEFT JOIN guards g ON g.user_id = :caller AND g.society_id = e.society_id AND g.active
     WHERE e.id = :emergency AND CASE WHEN has_part(me, e.society_id) THEN alone('emergency:' || e.id) END
       FOR NO KEY UPDATE OF e
), claim AS MATERIALIZED (
    SELECT c.* FROM target t, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN t.open THEN t.answer END) c WHERE t.allowed
), changed AS (
    -- The row is locked, so its state is still the one that was judged.
    UPDATE emergencies e
       SET status = :next, updated_at = now(),
           addressed_by_guard_id = CASE :next WHEN 'addressed' THEN t.guard_id ELSE e.addressed_by_guard_id END,
           addressed_at = CASE :next WHEN 'addressed' THEN now() ELSE e.addressed_at END,
           resolved_by_guard_id = CASE :next WHEN 'resolved' THEN t.guard_id END,
           resolved_at = CASE :next WHEN 'resolved' THEN now() END
      FROM target t, claim c
     WHERE e.id = t.id AND c.fresh
    RETURNING e.id, e.society_id, e.flat_id, e.status
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id)
    SELECT :caller, 'emergency.' || status, 'emergency', id, society_id, :request FROM changed
), told AS (
    SELECT jsonb_build_array(emit('flat:' || flat_id, 'emergency_updated', data, :caller, :request, :trace),
                             emit('society:' || society_id, 'emergency_updated', data, :caller, :request, :trace)) AS events
      FROM (SELECT flat_id, society_id, jsonb_build_object(
                       'emergency_id', id, 'status', status, status || '_at', rfc3339(now())) AS data FROM changed) e
)
SELECT outcome(t.allowed, c.mismatch, c.fresh, c.answer, jsonb_build_object('code', 'wrong_state', 'status', t.status),
               (SELECT events FROM told))
  FROM target t LEFT JOIN claim c ON true
