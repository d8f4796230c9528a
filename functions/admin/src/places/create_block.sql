-- :id is the new block's
WITH place AS MATERIALIZED (
    SELECT c.id AS parent, c.society_id AS society_id, me.super_admin OR c.society_id = ANY (me.admin_of) AS allowed
      FROM caller_scope(:caller) AS me, complexes c
     WHERE c.id = :complex AND has_part(me, c.society_id)
), draft AS MATERIALIZED (
    SELECT p.*, place_in_the_way(p.society_id, 'block', p.parent, NULL, :name) AS in_the_way, jsonb_build_object(
               'id', :id::uuid, 'complex_id', p.parent, 'name', :name::text, 'created_at', now()) AS answer
      FROM place p WHERE p.allowed
), claim AS MATERIALIZED (
    SELECT c.* FROM draft d, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN d.in_the_way IS NULL THEN d.answer END) c
), made AS (
    INSERT INTO blocks (id, complex_id, name) SELECT :id, d.parent, :name FROM draft d, claim c WHERE c.fresh
    RETURNING id, complex_id, name
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'block.create', 'block', m.id, d.society_id, :request, jsonb_build_object('before', NULL, 'after', to_jsonb(m) - 'id')
      FROM made m, draft d
)
SELECT outcome(p.allowed, c.mismatch, c.fresh, c.answer, d.in_the_way)
  FROM place p LEFT JOIN draft d ON true LEFT JOIN claim c ON true
