-- When they are expected is an instant (:start_at, :end_at) or what the society's clock shows (:start_clock, :end_clock), or
-- null; :approval_timeout is the policy approval_timeout_seconds where the society has decided nothing
WITH place AS MATERIALIZED (
    SELECT p.*, me AS scope, is_staff(me, p.society_id, p.block_id) AS allowed,
           coalesce(society_time(:start_at, :start_clock, p.timezone), now()) AS starts, society_time(:end_at, :end_clock, p.timezone) AS ends
      FROM places p, caller_scope(:caller) AS me
     WHERE p.flat_id = :flat AND p.is_active AND has_part(me, p.society_id)
), judged AS MATERIALIZED (
    -- Somebody is at the gate: who comes later has a pass. The retention of what is known of them begins with their
    -- end, so it has to come, and within what a pass may last where its society says nothing.
    SELECT p.*, CASE
               WHEN p.ends <= p.starts THEN jsonb_build_object(
                   'field', 'expected_end', 'code', 'OUT_OF_RANGE', 'problem', 'must be after expected_start',
                   'sentence', 'The expected end must be after the expected start.')
               WHEN p.ends <= now() THEN jsonb_build_object(
                   'field', 'expected_end', 'code', 'OUT_OF_RANGE', 'problem', 'must be in the future',
                   'sentence', 'The expected end is over already. Is the clock of this phone right?')
               WHEN p.ends > p.starts + interval '30 days' THEN jsonb_build_object(
                   'field', 'expected_end', 'code', 'OUT_OF_RANGE', 'problem', 'must be at most 30 days after expected_start',
                   'sentence', 'A visit may last 30 days at most.')
               WHEN p.starts > now() + interval '30 days' THEN jsonb_build_object(
                   'field', 'expected_start', 'code', 'OUT_OF_RANGE', 'problem', 'must be within 30 days',
                   'sentence', 'A visit must start within 30 days.') END AS problem
      FROM place p WHERE p.allowed
), draft AS MATERIALIZED (
    SELECT :id::uuid AS id, p.society_id, p.block_id, p.flat_id, :name::text AS visitor_name, :phone::text AS phone,
           coalesce(:purpose, 'guest') AS purpose, :vehicle::text AS vehicle_no, :id_type::text AS id_type, :id_number::text AS id_number,
           '{}'::uuid[] AS attachment_ids,
           -- Only a current resident of that very flat can have invited anyone.
           (SELECT user_id FROM live_role_assignments
             WHERE user_id = :invited_by AND role = 'resident' AND scope_id = p.flat_id) AS invited_by,
           p.starts AS expected_start, p.ends AS expected_end,
           'pending' AS status, false AS auto_approved, 1 AS number_of_people, 1 AS max_entries,
           -- A yes after the end would let nobody in, so time decides then at the latest.
           least(p.ends, now() + make_interval(secs => policy_number(p.society_id, 'approval_timeout_seconds', :approval_timeout)))
               AS approval_deadline,
           :key::text AS idempotency_key, NULL::text AS qr_code, NULL::text AS access_code,
           now() AS created_at, now() AS updated_at
      FROM judged p WHERE p.problem IS NULL
), claim AS MATERIALIZED (
    SELECT c.* FROM draft d, place p, claim_key(:caller, :method, :path, :key, :payload,
        jsonb_build_object('visitor', to_jsonb(d), 'flat_details', flat_details(d.flat_id, p.scope))) c
), made AS (
    INSERT INTO visitors (id, society_id, block_id, flat_id, visitor_name, phone, purpose, vehicle_no, id_type,
                          id_number, invited_by, expected_start, expected_end, status, approval_deadline,
                          idempotency_key, created_by, created_at, updated_at, request_id, trace_id)
    SELECT d.id, d.society_id, d.block_id, d.flat_id, d.visitor_name, d.phone, d.purpose, d.vehicle_no, d.id_type,
           d.id_number, d.invited_by, d.expected_start, d.expected_end, d.status, d.approval_deadline,
           d.idempotency_key, :caller, d.created_at, d.updated_at, :request, :trace
      FROM draft d, claim c WHERE c.fresh
    RETURNING *
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'visitor.create', 'visitor', m.id, m.society_id, :request, jsonb_build_object('flat_id', m.flat_id) FROM made m
), planned AS (
    INSERT INTO visitor_escalations
    SELECT e.* FROM made m, plan_escalation(m.id, m.society_id, m.created_at, m.approval_deadline) e
), told AS (
    SELECT emit('flat:' || m.flat_id, 'visitor_request', jsonb_build_object(
               'visitor_id', m.id, 'visitor_name', m.visitor_name, 'phone', m.phone, 'purpose', m.purpose,
               'vehicle_no', m.vehicle_no, 'flat_number', p.flat_number, 'block_name', p.block_name,
               'society_name', p.society_name, 'expected_start', rfc3339(m.expected_start),
               'created_at', rfc3339(m.created_at), 'status', m.status,
               'approval_deadline', rfc3339(m.approval_deadline)), NULL, :request, :trace) AS event
      FROM made m, place p
)
SELECT jsonb_build_object('allowed', p.allowed, 'fresh', coalesce(c.fresh, false), 'mismatch', coalesce(c.mismatch, false),
                          'problem', (SELECT problem FROM judged),
                          -- Whom to ask for there is answered as it is now, also to whoever repeats the call.
                          'answer', c.answer || CASE WHEN NOT c.fresh
                              THEN jsonb_build_object('flat_details', flat_details(p.flat_id, p.scope)) ELSE '{}' END,
                          'events', (SELECT jsonb_agg(event) FROM told))
  FROM place p LEFT JOIN claim c ON true
