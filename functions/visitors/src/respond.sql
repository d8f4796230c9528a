-- :decision is accept or deny; :link_flat and :link_deadline are those of a decision link, null from an app; :withdrawal is
-- whether a pass is withdrawn, which admins may, too
WITH target AS MATERIALIZED (
    -- The lock waits for a parallel answer and shows the state it left.
    SELECT v.id, v.visitor_name, v.flat_id, v.society_id, v.status, v.decided_by, v.guest_pass, v.approval_deadline,
           -- They may withdraw it still: it is not used up.
           v.guest_pass AND v.withdrawn_at IS NULL AND (v.status IN ('pending', 'accepted')
               OR v.status = 'checked_in' AND entries_used(v) < v.max_entries) AS withdrawable,
           CASE WHEN is_own(me, v) THEN 'resident'
                WHEN :withdrawal AND (me.super_admin OR v.society_id = ANY (me.admin_of) OR v.block_id = ANY (me.blocks))
                THEN 'guard' END AS speaks_as
      FROM visitors v, caller_scope(:caller) AS me
     WHERE v.id = :visitor AND has_part(me, v.society_id)
       AND (:link_flat::uuid IS NULL OR v.flat_id = :link_flat AND extract(epoch FROM v.approval_deadline)::bigint = :link_deadline)
       FOR NO KEY UPDATE OF v
), judged AS MATERIALIZED (
    SELECT t.*, t.speaks_as IS NOT NULL AS allowed, NOT t.guest_pass AND (
               t.status = 'pending' AND clock_timestamp() >= coalesce(t.approval_deadline, 'infinity')
               OR t.status = 'denied' AND t.decided_by = 'timeout') AS late,
           jsonb_build_object('visitor_id', t.id, 'decision', :decision::text,
                              -- Who is inside stays so until they leave.
                              'status', CASE WHEN :decision = 'accept' THEN 'accepted'
                                             WHEN t.guest_pass AND t.status IN ('checked_in', 'checked_out') THEN t.status
                                             ELSE 'denied' END) AS answer
      FROM target t
), claim AS MATERIALIZED (
    -- A denial counts until entry, and so withdraws a pass, inside its window or not; a pass needs no yes. A link
    -- answers a question and takes no answer back, so it is worth nothing to those who find it later.
    SELECT c.* FROM judged j, claim_key(:caller, :method, :path, :key, :payload,
        CASE WHEN j.guest_pass AND :decision = 'deny' AND :link_flat IS NULL AND j.withdrawable
               OR NOT j.guest_pass AND NOT :withdrawal
                  AND (j.status = 'pending' AND NOT j.late OR :decision = 'deny' AND :link_flat IS NULL AND j.status = 'accepted')
             THEN j.answer END) c
     WHERE j.allowed
), changed AS (
    -- The row is locked, so its state is still the one that was judged.
    UPDATE visitors v
       SET status = c.answer ->> 'status', decided_by = j.speaks_as, updated_at = now(),
           accepted_at = CASE :decision WHEN 'accept' THEN now() END,
           withdrawn_at = CASE WHEN v.guest_pass THEN now() END
      FROM judged j, claim c
     WHERE v.id = j.id AND c.fresh
    RETURNING v.id, v.visitor_name, v.society_id, v.flat_id, v.guest_pass, v.status, v.decided_by
), approved AS (
    INSERT INTO visitor_approvals (visitor_id, user_id, decided_by, decision, note)
    SELECT id, :caller, decided_by, :decision, :note FROM changed
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, CASE WHEN guest_pass THEN 'visitor.withdraw' ELSE 'visitor.respond' END, 'visitor', id, society_id, :request,
           jsonb_strip_nulls(jsonb_build_object('decision', :decision, 'via', CASE WHEN :link_flat IS NOT NULL THEN 'link' END)) FROM changed
), told AS (
    SELECT emit('society:' || society_id, 'request_approved', jsonb_build_object(
               'visitor_id', id, 'visitor_name', visitor_name, 'decision', :decision, 'status', status,
               'approver_name', (SELECT name FROM users WHERE users.id = :caller), 'note', :note,
               'timestamp', rfc3339(now())), :caller, :request, :trace) AS event
      FROM changed WHERE NOT guest_pass
    UNION ALL
    -- The gate hears it always, the flat where it was not one of its own.
    SELECT emit(e.room, 'guest_pass_withdrawn', e.data, :caller, :request, :trace)
      FROM (SELECT r.room, jsonb_build_object(
                       'visitor_id', c.id, 'visitor_name', c.visitor_name, 'flat_number', p.flat_number,
                       'block_name', p.block_name, 'status', c.status,
                       'withdrawn_by', (SELECT name FROM users WHERE users.id = :caller), 'note', :note,
                       'timestamp', rfc3339(now())) AS data
              FROM changed c JOIN places p ON p.flat_id = c.flat_id,
                   LATERAL (VALUES ('flat:' || c.flat_id, c.decided_by = 'guard'), ('society:' || c.society_id, true)) r (room, hears)
             WHERE c.guest_pass AND r.hears ORDER BY r.room) e
), repeated AS MATERIALIZED (
    -- They say again what they said last: it is answered as the first time.
    SELECT j.answer FROM judged j, claim c
     WHERE c.answer IS NULL AND j.decided_by = j.speaks_as AND j.status = j.answer ->> 'status' AND (j.guest_pass OR NOT :withdrawal)
       AND is_last_word(j.id, :caller, j.speaks_as, :decision)
), timed_out AS (
    -- Whoever comes too late first ends the waiting for all.
    SELECT time_out_visitor(j.id) AS events FROM judged j WHERE j.allowed AND j.late AND j.status = 'pending'
)
SELECT jsonb_build_object('allowed', j.allowed, 'fresh', coalesce(c.fresh, false), 'mismatch', coalesce(c.mismatch, false),
                          'status', CASE WHEN j.late THEN 'denied' ELSE j.status END, 'deadline_passed', j.late,
                          'because', CASE WHEN j.guest_pass AND :decision = 'accept' THEN 'pass_needs_no_answer'
                                          WHEN :withdrawal AND NOT j.guest_pass THEN 'no_pass' END,
                          'answer', coalesce(c.answer, (SELECT answer FROM repeated)),
                          'events', coalesce((SELECT jsonb_agg(event) FROM told), (SELECT events FROM timed_out)))
  FROM judged j LEFT JOIN claim c ON true
