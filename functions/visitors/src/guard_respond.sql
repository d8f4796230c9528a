-- $1-$6 as in shared::write; $7 visitor, $8 decision, $9 note
WITH target AS MATERIALIZED (
    -- The lock waits for a parallel answer and shows the state it left.
    SELECT v.id, v.visitor_name, v.flat_id, v.society_id, v.status, v.decided_by, v.guest_pass,
           v.expected_start, v.expected_end, is_staff(me, v.society_id, v.block_id) AS allowed
      FROM visitors v, caller_scope($1) AS me
     WHERE v.id = $7 AND has_part(me, v.society_id)
       FOR UPDATE OF v
), judged AS MATERIALIZED (
    SELECT t.*, t.status = 'pending' OR t.status = 'denied' AND t.decided_by = 'timeout' AS open,
           jsonb_build_object('visitor_id', t.id, 'decision', $8, 'manual_approval', true,
                              'status', CASE $8 WHEN 'accept' THEN 'accepted' ELSE 'denied' END) AS answer,
           CASE WHEN NOT t.guest_pass OR t.status <> 'pending' THEN NULL
                WHEN clock_timestamp() < t.expected_start THEN 'not_yet_valid'
                WHEN clock_timestamp() >= t.expected_end THEN 'expired' END AS outside
      FROM target t
), claim AS MATERIALIZED (
    SELECT c.* FROM judged j, claim_key($1, $2, $3, $4, $5,
        CASE WHEN j.open AND j.outside IS NULL THEN j.answer END) c
     WHERE j.allowed
), changed AS (
    -- The row is locked, so its state is still the one that was judged.
    UPDATE visitors v
       SET status = c.answer ->> 'status', decided_by = 'guard', updated_at = now()
      FROM judged j, claim c
     WHERE v.id = j.id AND c.fresh
    RETURNING v.id, v.visitor_name, v.society_id, v.flat_id, v.status
), approved AS (
    INSERT INTO visitor_approvals (visitor_id, user_id, decided_by, decision, note)
    SELECT id, $1, 'guard', $8, $9 FROM changed
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT $1, 'visitor.guard_respond', 'visitor', id, society_id, $6, jsonb_build_object('decision', $8) FROM changed
), told AS (
    SELECT jsonb_build_array(emit('flat:' || flat_id, 'guard_override', data, $1),
                             emit('society:' || society_id, 'guard_override', data, $1)) AS events
      FROM (SELECT flat_id, society_id, jsonb_build_object(
                       'visitor_id', id, 'visitor_name', visitor_name, 'decision', $8, 'status', status,
                       'guard_name', (SELECT name FROM users WHERE users.id = $1), 'note', $9,
                       'timestamp', rfc3339(now())) AS data FROM changed) e
), repeated AS MATERIALIZED (
    -- They say again what they said last: it is answered as the first time.
    SELECT j.answer FROM judged j, claim c
     WHERE c.answer IS NULL AND j.decided_by = 'guard' AND j.status = j.answer ->> 'status'
       AND is_last_word(j.id, $1, 'guard', $8)
)
SELECT jsonb_build_object('allowed', j.allowed, 'fresh', coalesce(c.fresh, false), 'mismatch', coalesce(c.mismatch, false),
                          'window', CASE WHEN c.answer IS NULL THEN j.outside END,
                          'status', j.status, 'answer', coalesce(c.answer, (SELECT answer FROM repeated)),
                          'events', (SELECT events FROM told))
  FROM judged j LEFT JOIN claim c ON true
