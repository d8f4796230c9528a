WITH me AS MATERIALIZED (
    SELECT s.guard_of, s.guard_of <> '{}' AS allowed FROM caller_scope(:caller) AS s
), claim AS MATERIALIZED (
    SELECT c.* FROM me, claim_key(:caller, :method, :path, :key, :payload, '{}') c WHERE me.allowed
), changed AS (
    UPDATE visitors v SET hidden_at = now(), updated_at = now()
      FROM me, claim c
     WHERE c.fresh AND v.society_id = ANY (me.guard_of) AND v.status = 'denied' AND v.hidden_at IS NULL
    RETURNING v.society_id
), counted AS MATERIALIZED (
    SELECT society_id, count(*) AS hidden FROM changed GROUP BY society_id
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'visitor.clear_rejected', 'society', society_id, society_id, :request, jsonb_build_object('count', hidden) FROM counted ORDER BY society_id
), told AS (
    SELECT emit('society:' || society_id, 'rejected_visitors_cleared', jsonb_build_object(
               'society_id', society_id, 'deleted_count', hidden, 'cleared_at', rfc3339(now())), NULL, :request, :trace) AS event
      FROM (SELECT society_id, hidden FROM counted ORDER BY society_id) c
), kept AS MATERIALIZED (
    SELECT keep_answer(:caller, :method, :path, :key, jsonb_build_object(
               'message', 'The denied visitors are cleared from the list.',
               'deleted_count', (SELECT coalesce(sum(hidden), 0) FROM counted),
               'societies', to_jsonb(me.guard_of))) AS answer
      FROM me, claim c WHERE c.fresh
)
-- Whose post has ended is told nothing more of that gate.
SELECT outcome(me.allowed AND coalesce(c.fresh OR c.answer -> 'societies' <@ to_jsonb(me.guard_of), true), c.mismatch, c.fresh,
               coalesce((SELECT answer FROM kept), c.answer), p_events => (SELECT jsonb_agg(event) FROM told))
  FROM me LEFT JOIN claim c ON true
