-- :codes are some to choose from. The window is given by instants (:start_at, :end_at) or by what the society's clock shows
-- (:start_clock, :end_clock), or null. :max_days, :default_hours and :max_days_ahead are the policies guest_pass_max_days,
-- guest_pass_default_hours and guest_pass_max_days_ahead where the society has decided nothing
WITH place AS MATERIALIZED (
    SELECT p.*, me AS scope, p.flat_id = ANY (me.flats) AS allowed,
           policy_number(p.society_id, 'guest_pass_max_days', :max_days) AS max_days,
           policy_number(p.society_id, 'guest_pass_max_days_ahead', :max_days_ahead) AS max_days_ahead,
           coalesce(society_time(:start_at, :start_clock, p.timezone), now()) AS starts,
           coalesce(society_time(:end_at, :end_clock, p.timezone), coalesce(society_time(:start_at, :start_clock, p.timezone), now())
               + make_interval(hours => policy_number(p.society_id, 'guest_pass_default_hours', :default_hours))) AS ends
      FROM places p, caller_scope(:caller) AS me
     WHERE p.flat_id = :flat AND p.is_active AND has_part(me, p.society_id)
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
               WHEN EXISTS (SELECT FROM visitors WHERE qr_code = :qr_code) THEN jsonb_build_object(
                   'field', 'qr_code', 'code', 'TAKEN', 'problem', 'is in use already',
                   'sentence', 'Another pass has this QR code already.') END AS problem
      FROM place p WHERE p.allowed
), draft AS MATERIALIZED (
    SELECT d.*, jsonb_populate_record(NULL::visitors, to_jsonb(d)) AS visitor FROM (
        SELECT :id::uuid AS id, j.society_id, j.block_id, j.flat_id, :name::text AS visitor_name, :phone::text AS phone,
               coalesce(:purpose, 'guest') AS purpose, NULL::text AS vehicle_no, NULL::text AS id_type, NULL::text AS id_number,
               '{}'::uuid[] AS attachment_ids, :caller::uuid AS invited_by, j.starts AS expected_start,
               j.ends AS expected_end, 'pending' AS status, true AS auto_approved, :people::integer AS number_of_people,
               :max_entries::integer AS max_entries,
               j.ends AS approval_deadline, CASE WHEN NOT is_made(:key) THEN :key::text END AS idempotency_key, :qr_code::text AS qr_code,
               (SELECT code FROM unnest(:codes::text[]) WITH ORDINALITY AS c (code, place)
                 WHERE NOT EXISTS (SELECT FROM visitors v
                        WHERE v.society_id = j.society_id AND v.access_code = code AND v.status IN ('pending', 'accepted', 'checked_in'))
                 ORDER BY place LIMIT 1) AS access_code,
               now() AS created_at, now() AS updated_at, j.problem
          FROM judged j) d
), claim AS MATERIALIZED (
    SELECT c.* FROM draft d, place p, claim_key(:caller, :method, :path, :key, :payload,
        CASE WHEN d.problem IS NULL
             THEN jsonb_build_object('visitor', visitor_answer(d.visitor), 'flat_details', flat_details(d.flat_id, p.scope)) END) c
), made AS (
    INSERT INTO visitors (id, society_id, block_id, flat_id, visitor_name, phone, purpose, number_of_people, max_entries,
                          invited_by, expected_start, expected_end, guest_pass, qr_code, access_code, status, auto_approved,
                          approval_deadline, idempotency_key, created_by, created_at, updated_at, request_id, trace_id)
    SELECT d.id, d.society_id, d.block_id, d.flat_id, d.visitor_name, d.phone, d.purpose, d.number_of_people, d.max_entries,
           d.invited_by, d.expected_start, d.expected_end, true, d.qr_code, d.access_code, d.status, d.auto_approved,
           d.approval_deadline, d.idempotency_key, :caller, d.created_at, d.updated_at, :request, :trace
      FROM draft d, claim c WHERE c.fresh
    RETURNING id, society_id, flat_id, visitor_name, expected_start, expected_end
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'guest_pass.create', 'visitor', m.id, m.society_id, :request, jsonb_build_object('flat_id', m.flat_id) FROM made m
), told AS (
    SELECT emit('society:' || m.society_id, 'guest_pass_created', jsonb_build_object(
               'visitor_id', m.id, 'visitor_name', m.visitor_name, 'flat_number', p.flat_number,
               'block_name', p.block_name, 'expected_start', rfc3339(m.expected_start),
               'expected_end', rfc3339(m.expected_end)), NULL, :request, :trace) AS event
      FROM made m, place p
)
SELECT outcome(p.allowed, c.mismatch, c.fresh,
               -- Who lives there is answered as it is now, also for a repeated call.
               c.answer || CASE WHEN NOT c.fresh THEN jsonb_build_object('flat_details', flat_details(p.flat_id, p.scope)) ELSE '{}' END,
               CASE WHEN j.problem IS NOT NULL THEN jsonb_build_object('code', 'invalid', 'problem', j.problem) END,
               (SELECT jsonb_agg(event) FROM told))
  FROM place p LEFT JOIN judged j ON true LEFT JOIN claim c ON true
