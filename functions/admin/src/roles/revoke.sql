-- :assignment is the role that somebody holds
WITH place AS MATERIALIZED (
    SELECT r.id, r.user_id, r.role, r.scope_type, r.scope_id, s.society_id, me.super_admin OR s.society_id = ANY (me.admin_of) AS allowed
      FROM caller_scope(:caller) AS me, role_assignments r, LATERAL (
               SELECT CASE r.role WHEN 'society_admin' THEN r.scope_id
                                  WHEN 'block_admin' THEN (SELECT c.society_id FROM blocks b JOIN complexes c ON c.id = b.complex_id
                                                            WHERE b.id = r.scope_id) END AS society_id) s
     WHERE r.id = :assignment AND r.role IN ('super_admin', 'society_admin', 'block_admin') AND has_part(me, s.society_id)
), judged AS MATERIALIZED (
    SELECT role_in_the_way(p.id) AS in_the_way FROM place p WHERE p.allowed
), claim AS MATERIALIZED (
    SELECT c.* FROM place p, judged j, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN j.in_the_way IS NULL THEN
        jsonb_build_object('id', p.id, 'message', 'The role is revoked.') END) c
), changed AS MATERIALIZED (
    SELECT p.*, end_role(p.id) FROM place p, claim c WHERE c.fresh
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'role.revoke', 'role', d.id, d.society_id, :request, jsonb_build_object('before', jsonb_build_object(
               'user_id', d.user_id, 'role', d.role, 'scope_type', d.scope_type, 'scope_id', d.scope_id), 'after', NULL)
      FROM changed d
)
SELECT outcome(p.allowed, c.mismatch, c.fresh, c.answer, CASE j.in_the_way
           WHEN 'last_admin' THEN '{"code": "not_allowed", "because": "last_admin", "status": "last_admin"}'::jsonb
           ELSE jsonb_build_object('code', 'wrong_state', 'status', j.in_the_way) END)
  FROM place p LEFT JOIN judged j ON true LEFT JOIN claim c ON true
