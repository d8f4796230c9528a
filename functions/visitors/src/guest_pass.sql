-- $1-$6 as in shared::write; $7 id, $8 flat, $9 name, $10 phone, $11 purpose, $12 people, $13 QR id,
-- $14 codes to choose from, $15/$16 start (instant/clock), $17/$18 end (instant/clock),
-- $19, $20 and $22 defaults of the policies guest_pass_max_days, guest_pass_default_hours and guest_pass_max_days_ahead,
-- $21 entries
WITH place AS MATERIALIZED (
    SELECT p.*, me AS scope, p.flat_id = ANY (me.flats) AS allowed,
           policy_number(p.society_id, 'guest_pass_max_days', $19) AS max_days,
           policy_number(p.society_id, 'guest_pass_max_days_ahead', $22) AS max_days_ahead,
           coalesce(society_time($15, $16, p.timezone), now()) AS starts,
           coalesce(society_time($17, $18, p.timezone), coalesce(society_time($15, $16, p.timezone), now())
               + make_interval(hours => policy_number(p.society_id, 'guest_pass_default_hours', $20))) AS ends
      FROM places p, caller_scope($1) AS me
     WHERE p.flat_id = $8 AND p.is_active AND has_part(me, p.society_id)
), judged AS MATERIALIZED (
    SELECT p.*, CASE
               WHEN p.ends <= p.starts OR p.ends <= now() THEN jsonb_build_object(
                   'field', 'expected_end', 'code', 'OUT_OF_RANGE',
                   'problem', 'must be after expected_start and in the future',
                   'sentence', 'A pass must end after it starts, and in the future.')
               WHEN p.ends > p.starts + make_interval(days => p.max_days) THEN jsonb_build_object(
                   'field', 'expected_end', 'code', 'OUT_OF_RANGE',
                   'problem', format('must be at most %s days after expected_start', p.max_days),
                   'sentence', format('A pass may last %s days at most.', p.max_days))
               WHEN p.starts > now() + make_interval(days => p.max_days_ahead) THEN jsonb_build_object(
                   'field', 'expected_start', 'code', 'OUT_OF_RANGE',
                   'problem', format('must be within %s days', p.max_days_ahead),
                   'sentence', format('A pass must start within %s days.', p.max_days_ahead))
               WHEN EXISTS (SELECT FROM visitors WHERE qr_code = $13) THEN jsonb_build_object(
                   'field', 'qr_code', 'code', 'TAKEN', 'problem', 'is in use already',
                   'sentence', 'Another pass has this QR code already.') END AS problem
      FROM place p WHERE p.allowed
), draft AS MATERIALIZED (
    SELECT $7::uuid AS id, j.society_id, j.block_id, j.flat_id, $9::text AS visitor_name, $10::text AS phone,
           coalesce($11, 'guest') AS purpose, NULL::text AS vehicle_no, NULL::text AS id_type, NULL::text AS id_number,
           '{}'::uuid[] AS attachment_ids, $1::uuid AS invited_by, j.starts AS expected_start,
           j.ends AS expected_end, 'pending' AS status, true AS auto_approved, $12::integer AS number_of_people,
           $21::integer AS max_entries,
           j.ends AS approval_deadline, $4::text AS idempotency_key, $13::text AS qr_code,
           (SELECT code FROM unnest($14) WITH ORDINALITY AS c (code, place)
             WHERE NOT EXISTS (SELECT FROM visitors v
                    WHERE v.society_id = j.society_id AND v.access_code = code AND v.status IN ('pending', 'accepted', 'checked_in'))
             ORDER BY place LIMIT 1) AS access_code,
           now() AS created_at, now() AS updated_at, j.problem
      FROM judged j
), claim AS MATERIALIZED (
    SELECT c.* FROM draft d, place p, claim_key($1, $2, $3, $4, $5,
        CASE WHEN d.problem IS NULL
             THEN jsonb_build_object('visitor', to_jsonb(d), 'flat_details', flat_details(d.flat_id, p.scope)) END) c
), made AS (
    INSERT INTO visitors (id, society_id, block_id, flat_id, visitor_name, phone, purpose, number_of_people, max_entries,
                          invited_by, expected_start, expected_end, guest_pass, qr_code, access_code, status, auto_approved,
                          approval_deadline, idempotency_key, created_by, created_at, updated_at, request_id, trace_id)
    SELECT d.id, d.society_id, d.block_id, d.flat_id, d.visitor_name, d.phone, d.purpose, d.number_of_people, d.max_entries,
           d.invited_by, d.expected_start, d.expected_end, true, d.qr_code, d.access_code, d.status, d.auto_approved,
           d.approval_deadline, d.idempotency_key, $1, d.created_at, d.updated_at, $6, NULL
      FROM draft d, claim c WHERE c.fresh
    RETURNING id, society_id, flat_id, visitor_name, expected_start, expected_end
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT $1, 'guest_pass.create', 'visitor', m.id, m.society_id, $6, jsonb_build_object('flat_id', m.flat_id) FROM made m
), told AS (
    SELECT emit('society:' || m.society_id, 'guest_pass_created', jsonb_build_object(
               'visitor_id', m.id, 'visitor_name', m.visitor_name, 'flat_number', p.flat_number,
               'block_name', p.block_name, 'expected_start', rfc3339(m.expected_start),
               'expected_end', rfc3339(m.expected_end)), NULL, $6, NULL) AS event
      FROM made m, place p
)
SELECT jsonb_build_object('allowed', p.allowed, 'fresh', coalesce(c.fresh, false), 'mismatch', coalesce(c.mismatch, false),
                          'problem', CASE WHEN c.answer IS NULL THEN j.problem END,
                          -- Who lives there is answered as it is now, also to whoever repeats the call.
                          'answer', c.answer || CASE WHEN NOT c.fresh
                              THEN jsonb_build_object('flat_details', flat_details(p.flat_id, p.scope)) ELSE '{}' END,
                          'events', (SELECT jsonb_agg(event) FROM told))
  FROM place p LEFT JOIN judged j ON true LEFT JOIN claim c ON true
