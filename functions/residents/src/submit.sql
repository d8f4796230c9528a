-- :auto_approve is the policy resident_auto_approve where the society has decided nothing
WITH flat AS MATERIALIZED (
    SELECT p.society_id, p.block_id, p.flat_id, policy_switch(p.society_id, 'resident_auto_approve', :auto_approve) AS auto_approve
      FROM places p WHERE p.flat_id = :flat AND p.is_active
), open AS MATERIALIZED (
    -- Where the policy decides, a request that waits for an admin is taken over. The lock shows whether it still waits,
    -- and is taken before that of the user, as an admin's decision does.
    SELECT r.id FROM flat f JOIN resident_requests r ON r.requesting_user_id = :caller AND r.flat_id = f.flat_id
     WHERE r.status = 'pending' AND f.auto_approve
       FOR NO KEY UPDATE OF r
), place AS MATERIALIZED (
    SELECT f.*, o.id AS open, request_in_the_way(:caller, f.flat_id) AS in_the_way FROM flat f LEFT JOIN open o ON true
), decided AS MATERIALIZED (
    -- The policy fills vacant flats: a newcomer to an occupied flat waits for an admin. Of two strangers the
    -- second waits here for the first, and finds the flat taken.
    SELECT p.*, CASE WHEN p.auto_approve AND (p.in_the_way IS NULL OR p.open IS NOT NULL AND p.in_the_way = 'pending')
                     THEN is_vacant(p.flat_id) ELSE false END AS approves
      FROM place p
), draft AS MATERIALIZED (
    SELECT CASE WHEN p.approves THEN coalesce(p.open, :id::uuid) ELSE :id::uuid END AS id, :caller::uuid AS requesting_user_id, p.society_id, p.block_id, p.flat_id,
           :role::text AS requested_role, :docs::jsonb AS docs, :note::text AS note,
           CASE WHEN p.approves THEN 'approved' ELSE 'pending' END AS status, now() AS submitted_at,
           NULL::uuid AS processed_by, CASE WHEN p.approves THEN now() END AS processed_at,
           NULL::text AS processed_note,
           -- A request that the policy takes over stands in nobody's way.
           CASE WHEN NOT p.approves THEN p.in_the_way END AS in_the_way
      FROM decided p
), claim AS MATERIALIZED (
    SELECT c.* FROM draft d,
        claim_key(:caller, :method, :path, :key, :payload, CASE WHEN d.in_the_way IS NULL THEN to_jsonb(d) END) c
), taken AS (
    UPDATE resident_requests r
       SET requested_role = d.requested_role, docs = d.docs, note = d.note, status = d.status,
           submitted_at = d.submitted_at, processed_at = d.processed_at
      FROM draft d, claim c, open o WHERE c.fresh AND r.id = o.id
    RETURNING r.id, r.society_id, r.flat_id, r.requested_role, r.status
), added AS (
    INSERT INTO resident_requests (id, requesting_user_id, society_id, block_id, flat_id, requested_role, docs, note,
                                   status, submitted_at, processed_at)
    SELECT d.id, d.requesting_user_id, d.society_id, d.block_id, d.flat_id, d.requested_role, d.docs, d.note,
           d.status, d.submitted_at, d.processed_at
      FROM draft d, claim c WHERE c.fresh AND NOT EXISTS (SELECT FROM open)
    RETURNING id, society_id, flat_id, requested_role, status
), made AS (
    SELECT * FROM taken UNION ALL SELECT * FROM added
), approved AS (
    INSERT INTO resident_request_approvals (request_id, decision) SELECT id, 'approve' FROM made WHERE status = 'approved'
), opened AS MATERIALIZED (
    SELECT open_occupancy(:caller, flat_id, requested_role) FROM made WHERE status = 'approved'
), told AS MATERIALIZED (
    SELECT tell_resident_joined(:caller, m.flat_id, m.requested_role, 'policy', :request, :trace) AS event FROM made m, opened
), lost AS MATERIALIZED (
    -- What was approved is not said again to people who do not live there any more.
    SELECT FROM draft d, claim c
     WHERE NOT c.fresh AND c.answer ->> 'status' = 'approved' AND d.in_the_way IS DISTINCT FROM 'resident'
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'resident_request.submit', 'resident_request', id, society_id, :request,
           jsonb_build_object('flat_id', flat_id, 'status', status) FROM made
)
SELECT outcome(true, c.mismatch, c.fresh, CASE WHEN NOT EXISTS (SELECT FROM lost) THEN c.answer END,
               jsonb_build_object('status', CASE WHEN EXISTS (SELECT FROM lost) THEN 'ended' ELSE d.in_the_way END)
                   || CASE WHEN d.in_the_way = 'too_many' THEN '{"code": "not_allowed", "because": "too_many_requests"}'::jsonb
                           ELSE '{"code": "wrong_state"}' END,
               (SELECT jsonb_agg(event) FROM told))
  FROM draft d, claim c
