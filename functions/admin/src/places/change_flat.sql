-- What is null stays
WITH place AS MATERIALIZED (
    SELECT p.flat_id, p.block_id, p.society_id, me.super_admin OR p.society_id = ANY (me.admin_of) OR p.block_id = ANY (me.blocks) AS allowed
      FROM caller_scope(:caller) AS me, places p
     WHERE p.flat_id = :flat AND has_part(me, p.society_id)
), held AS MATERIALIZED (
    SELECT p.*, flat_in_the_way(p.society_id, p.block_id, p.flat_id, :number, :is_active) AS in_the_way FROM place p WHERE p.allowed
), target AS MATERIALIZED (
    SELECT f.*, h.society_id, h.in_the_way FROM held h JOIN flats f ON f.id = h.flat_id FOR NO KEY UPDATE OF f
), wish AS MATERIALIZED (
    SELECT t.id, t.block_id, coalesce(:number, t.flat_number) AS flat_number, coalesce(:unit_type, t.unit_type) AS unit_type,
           coalesce(:bhk, t.bhk) AS bhk, coalesce(:square_feet, t.square_feet) AS square_feet,
           coalesce(:parking_slots, t.parking_slots) AS parking_slots, coalesce(:is_active, t.is_active) AS is_active, t.created_at
      FROM target t
), claim AS MATERIALIZED (
    SELECT c.* FROM wish w, target t,
        claim_key(:caller, :method, :path, :key, :payload, CASE WHEN t.in_the_way IS NULL THEN to_jsonb(w) END) c
), changed AS (
    UPDATE flats f
       SET flat_number = w.flat_number, unit_type = w.unit_type, bhk = w.bhk, square_feet = w.square_feet,
           parking_slots = w.parking_slots, is_active = w.is_active
      FROM wish w, claim c
     WHERE f.id = w.id AND c.fresh
       AND (f.flat_number, f.unit_type, f.bhk, f.square_feet, f.parking_slots, f.is_active)
           IS DISTINCT FROM (w.flat_number, w.unit_type, w.bhk, w.square_feet, w.parking_slots, w.is_active)
    RETURNING f.id
), audited AS (
    INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
    SELECT :caller, 'flat.change', 'flat', d.id, t.society_id, :request, jsonb_build_object(
               'before', to_jsonb(t) - '{id,block_id,created_at,society_id,in_the_way}'::text[],
               'after', to_jsonb(w) - '{id,block_id,created_at}'::text[])
      FROM changed d, target t, wish w
)
SELECT outcome(p.allowed, c.mismatch, c.fresh, c.answer, t.in_the_way)
  FROM place p LEFT JOIN target t ON true LEFT JOIN claim c ON true
