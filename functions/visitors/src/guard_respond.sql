-- :decision is accept or deny
WITH target AS MATERIALIZED (
    -- The lock waits for a parallel answer and shows the state it left.
    SELECT v AS visitor, is_staff(me, v.society_id, v.block_id) AS allowed
      FROM visitors v, caller_scope(:caller) AS me
     WHERE v.id = :visitor AND CASE WHEN has_part(me, v.society_id) THEN alone('visitor:' || v.id) END
       FOR NO KEY UPDATE OF v
), judged AS MATERIALIZED (
    SELECT (t.visitor).id, (t.visitor).status, (t.visitor).decided_by, t.allowed,
           (t.visitor).status = 'pending' OR (t.visitor).status = 'denied' AND (t.visitor).decided_by = 'timeout' AS open,
           entry_verdict(t.visitor, true) AS verdict,
           jsonb_build_object('visitor_id', (t.visitor).id, 'decision', :decision::text, 'manual_approval', true,
                              'status', CASE :decision WHEN 'accept' THEN 'accepted' ELSE 'denied' END) AS answer
      FROM target t
), refused AS MATERIALIZED (
    -- Yes is said to those whom the judge lets in then. A no is refused outside a pass's window alone, since it ends the pass.
    SELECT j.verdict FROM judged j
     WHERE CASE :decision WHEN 'accept' THEN j.verdict ->> 'code' IS NOT NULL
                   ELSE j.verdict ->> 'code' IN ('NOT_YET_VALID', 'EXPIRED') END
), claim AS MATERIALIZED (
    SELECT c.* FROM judged j, claim_key(:caller, :method, :path, :key, :payload,
        CASE WHEN j.open AND NOT EXISTS (SELECT FROM refused) THEN j.answer END) c
     WHERE j.allowed
), changed AS (
    -- The row is locked, so its state is still the one that was judged.
    UPDATE visitors v
       SET status = c.answer ->> 'status', decided_by = 'guard', updated_at = now(),
           accepted_at = CASE :decision WHEN 'accept' THEN now() END
      FROM judged j, claim c
     WHERE v.id = j.id AND c.fresh
    RETURNING v.id, v.visitor_name, v.society_id, v.flat_id, v.status
), approved AS (
    INSERT INTO visitor_approvals (visitor_id, user_id, decided_by, decision, note)
    SELECT id, :caller, 'guard', :decision, :note::text FROM changed
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'visitor.guard_respond', 'visitor', id, society_id, :request, jsonb_build_object('decision', :decision) FROM changed
), told AS (
    SELECT jsonb_build_array(emit('flat:' || flat_id, 'guard_override', data, :caller, :request, :trace),
                             emit('society:' || society_id, 'guard_override', data, :caller, :request, :trace)) AS events
      FROM (SELECT flat_id, society_id, jsonb_build_object(
                       'visitor_id', id, 'visitor_name', visitor_name, 'decision', :decision, 'status', status,
                       'guard_name', (SELECT name FROM users WHERE users.id = :caller), 'note', :note,
                       'timestamp', rfc3339(now())) AS data FROM changed) e
), repeated AS MATERIALIZED (
    -- They say again what they said last: it is answered as the first time.
    SELECT j.answer FROM judged j, claim c
     WHERE c.answer IS NULL AND j.decided_by = 'guard' AND j.status = j.answer ->> 'status'
       AND is_last_word(j.id, :caller, 'guard', :decision)
)
SELECT outcome(j.allowed, c.mismatch, c.fresh, coalesce(c.answer, (SELECT answer FROM repeated)),
               coalesce((SELECT jsonb_build_object('code', 'not_let_in', 'verdict', verdict, 'status', j.status) FROM refused),
                        jsonb_build_object('code', 'wrong_state', 'status', j.status)),
               (SELECT events FROM told))
  FROM judged j LEFT JOIN claim c ON true
