-- :decision is approve or reject
WITH target AS MATERIALIZED (
    -- The lock waits for a parallel decision and shows the state it left.
    SELECT r.id, r.requesting_user_id, r.society_id, r.flat_id, r.requested_role, r.status,
           (me.super_admin OR r.society_id = ANY (me.admin_of) OR r.block_id = ANY (me.blocks))
               AND r.requesting_user_id <> :caller AS allowed
      FROM resident_requests r, caller_scope(:caller) AS me
     WHERE r.id = :resident_request AND CASE WHEN has_part(me, r.society_id) THEN alone('request:' || r.id) END
       FOR NO KEY UPDATE OF r
), claim AS MATERIALIZED (
    SELECT c.* FROM target t, claim_key(:caller, :method, :path, :key, :payload,
        CASE WHEN t.status = 'pending' THEN jsonb_build_object('message',
            CASE :decision WHEN 'approve' THEN 'The request is approved.' ELSE 'The request is rejected.' END) END) c
     WHERE t.allowed
), changed AS (
    -- The row is locked, so its state is still the one that was judged.
    UPDATE resident_requests r
       SET status = CASE :decision WHEN 'approve' THEN 'approved' ELSE 'rejected' END,
           processed_by = :caller, processed_at = now(), processed_note = :note
      FROM target t, claim c
     WHERE r.id = t.id AND c.fresh
    RETURNING r.id, r.requesting_user_id, r.society_id, r.flat_id, r.requested_role
), decided AS (
    INSERT INTO resident_request_approvals (request_id, user_id, decision, note) SELECT id, :caller, :decision, :note FROM changed
), opened AS MATERIALIZED (
    SELECT open_occupancy(requesting_user_id, flat_id, requested_role) FROM changed WHERE :decision = 'approve'
), told AS MATERIALIZED (
    -- Behind the occupancy, so that they belong to the room as it is now.
    SELECT tell_resident_joined(c.requesting_user_id, c.flat_id, c.requested_role, 'admin', :request, :trace) AS event FROM changed c, opened
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'resident_request.' || :decision, 'resident_request', id, society_id, :request,
           jsonb_build_object('flat_id', flat_id, 'user_id', requesting_user_id) FROM changed
)
SELECT outcome(t.allowed, c.mismatch, c.fresh, c.answer, jsonb_build_object('code', 'wrong_state', 'status', t.status),
               (SELECT jsonb_agg(event) FROM told))
  FROM target t LEFT JOIN claim c ON true
