-- :id is the new flat's
WITH place AS MATERIALIZED (
    SELECT b.id AS parent, c.society_id AS society_id, me.super_admin OR c.society_id = ANY (me.admin_of) AS allowed
      FROM caller_scope(:caller) AS me, blocks b JOIN complexes c ON c.id = b.complex_id
     WHERE b.id = :block AND has_part(me, c.society_id)
), draft AS MATERIALIZED (
    SELECT p.*, place_in_the_way(p.society_id, 'flat', p.parent, NULL, :number) AS in_the_way, jsonb_build_object(
               'id', :id::uuid, 'block_id', p.parent, 'flat_number', :number::text, 'unit_type', :unit_type::text, 'bhk', :bhk::text,
               'square_feet', :square_feet::integer, 'parking_slots', coalesce(:parking_slots::integer, 0), 'is_active', true,
               'created_at', now()) AS answer
      FROM place p WHERE p.allowed
), claim AS MATERIALIZED (
    SELECT c.* FROM draft d, claim_key(:caller, :method, :path, :key, :payload, CASE WHEN d.in_the_way IS NULL THEN d.answer END) c
), made AS (
    INSERT INTO flats (id, block_id, flat_number, unit_type, bhk, square_feet, parking_slots)
    SELECT :id, d.parent, :number, :unit_type, :bhk, :square_feet, coalesce(:parking_slots, 0) FROM draft d, claim c WHERE c.fresh
    RETURNING id, block_id, flat_number, unit_type, bhk, square_feet, parking_slots, is_active
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'flat.create', 'flat', m.id, d.society_id, :request, jsonb_build_object('before', NULL, 'after', to_jsonb(m) - 'id')
      FROM made m, draft d
)
SELECT outcome(p.allowed, c.mismatch, c.fresh, c.answer, d.in_the_way)
  FROM place p LEFT JOIN draft d ON true LEFT JOIN claim c ON true
