WITH place AS MATERIALIZED (
    SELECT r.id, r.flat_id, r.society_id, r.occupancy_role, r.source,
           me.super_admin OR r.society_id = ANY (me.admin_of) OR r.block_id = ANY (me.blocks) AS allowed
      FROM caller_scope(:caller) AS me, resident_claims r WHERE r.id = :claim AND has_part(me, r.society_id)
), held AS MATERIALIZED (
    SELECT hold_claim(p.id) AS is_open FROM place p WHERE p.allowed
), claim AS MATERIALIZED (
    SELECT c.* FROM place p, held h, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN h.is_open THEN
        jsonb_build_object('id', p.id, 'message', 'The claim is withdrawn.') END) c
), gone AS (
    DELETE FROM resident_claims r USING claim c WHERE r.id = :claim AND c.fresh RETURNING r.id
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'resident_claim.withdraw', 'resident_claim', g.id, p.society_id, :request, jsonb_build_object(
               'before', jsonb_build_object('flat_id', p.flat_id, 'role', p.occupancy_role, 'source', p.source), 'after', NULL)
      FROM gone g, place p
)
SELECT outcome(p.allowed, c.mismatch, c.fresh, c.answer, '{"code": "wrong_state", "status": "ended"}')
  FROM place p LEFT JOIN claim c ON true
