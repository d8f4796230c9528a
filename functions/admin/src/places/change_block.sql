-- What is null stays
WITH place AS MATERIALIZED (
    SELECT x.id, x.complex_id AS parent, c.society_id AS society_of, me.super_admin OR c.society_id = ANY (me.admin_of) AS allowed
      FROM caller_scope(:caller) AS me, blocks x JOIN complexes c ON c.id = x.complex_id
     WHERE x.id = :block AND has_part(me, c.society_id)
), held AS MATERIALIZED (
    SELECT p.*, place_in_the_way(p.society_of, 'block', p.parent, p.id, :name) AS in_the_way FROM place p WHERE p.allowed
), target AS MATERIALIZED (
    SELECT x.*, h.society_of, h.in_the_way FROM held h JOIN blocks x ON x.id = h.id FOR NO KEY UPDATE OF x
), claim AS MATERIALIZED (
    SELECT c.* FROM target t, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN t.in_the_way IS NULL THEN jsonb_build_object(
        'id', t.id, 'complex_id', t.complex_id, 'name', coalesce(:name, t.name), 'created_at', t.created_at) END) c
), changed AS (
    UPDATE blocks x SET name = :name FROM target t, claim c
     WHERE x.id = t.id AND c.fresh AND x.name <> :name
    RETURNING x.id, x.name
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'block.change', 'block', d.id, t.society_of, :request,
           jsonb_build_object('before', jsonb_build_object('name', t.name), 'after', jsonb_build_object('name', d.name))
      FROM changed d, target t
)
SELECT outcome(p.allowed, c.mismatch, c.fresh, c.answer, t.in_the_way)
  FROM place p LEFT JOIN target t ON true LEFT JOIN claim c ON true
