-- :id is that of a request; :flat is null for any
WITH home AS MATERIALIZED (
    SELECT flat FROM jsonb_array_elements(home_of(:caller) -> 'flats') WITH ORDINALITY AS h (flat, place)
     WHERE :flat::uuid IS NULL OR flat ->> 'flat_id' = :flat::text
     ORDER BY place LIMIT 1
), place AS MATERIALIZED (
    SELECT p.society_id, p.block_id, p.flat_id, request_in_the_way(:caller, p.flat_id) AS in_the_way
      FROM places p WHERE p.flat_id = :flat AND p.is_active AND NOT EXISTS (SELECT FROM home)
), past AS MATERIALIZED (
    -- Apps come here at every start, so what ended does not begin anew by itself.
    SELECT wish_that_ended(:caller, p.flat_id) AS wish FROM place p WHERE p.in_the_way IS NULL
), draft AS MATERIALIZED (
    SELECT :id::uuid AS id, :caller::uuid AS requesting_user_id, p.society_id, p.block_id, p.flat_id,
           :role::text AS requested_role, '[]'::jsonb AS docs, NULL::text AS note, 'pending' AS status,
           now() AS submitted_at, NULL::uuid AS processed_by, NULL::timestamptz AS processed_at,
           NULL::text AS processed_note
      FROM place p, past WHERE past.wish IS NULL
), open AS MATERIALIZED (
    SELECT to_jsonb(r) AS request FROM resident_requests r
     WHERE r.requesting_user_id = :caller AND r.flat_id = :flat AND r.status = 'pending'
), today AS MATERIALIZED (
    SELECT CASE WHEN EXISTS (SELECT FROM place WHERE in_the_way = 'too_many') THEN NULL ELSE coalesce(
        (SELECT flat FROM home) || '{"created": false}',
        jsonb_build_object('created', false, 'past', (SELECT wish FROM past), 'request', coalesce(
            (SELECT to_jsonb(d) FROM draft d), (SELECT request FROM open)))) END AS answer
     WHERE :flat IS NULL OR EXISTS (SELECT FROM home) OR EXISTS (SELECT FROM place)
), claim AS MATERIALIZED (
    -- Also who repeats it is answered where they live now, and not where they lived when they asked first.
    SELECT c.fresh, c.mismatch, CASE WHEN c.answer ? 'occupancy_id' OR t.answer ? 'occupancy_id' THEN t.answer ELSE c.answer END AS answer
      FROM today t, claim_key(:caller, :method, :path, :key, :payload, t.answer) c
), made AS (
    INSERT INTO resident_requests (id, requesting_user_id, society_id, block_id, flat_id, requested_role, docs, status, submitted_at)
    SELECT d.id, d.requesting_user_id, d.society_id, d.block_id, d.flat_id, d.requested_role, d.docs, d.status, d.submitted_at
      FROM draft d, claim c WHERE c.fresh
    RETURNING id, society_id, flat_id
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'resident_request.submit', 'resident_request', id, society_id, :request, jsonb_build_object('flat_id', flat_id) FROM made
)
SELECT outcome(true, c.mismatch, c.fresh, c.answer,
               '{"code": "not_allowed", "because": "too_many_requests", "status": "too_many"}')
  FROM claim c
