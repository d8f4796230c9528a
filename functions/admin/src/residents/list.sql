-- Who lives in a society or is to, newest first. :flat is null for all flats, and :q, how a name or a number begins or what a
-- flat is called, for all people; the page begins behind :before_at and :before_id
WITH place AS MATERIALIZED (
    SELECT s.id, me.super_admin OR s.id = ANY (me.admin_of) AS allowed
      FROM caller_scope(:caller) AS me, societies s WHERE s.id = :society AND has_part(me, s.id)
), home AS MATERIALIZED (
    SELECT f.id, f.flat_number, b.name AS block_name
      FROM place p JOIN complexes c ON c.society_id = p.id JOIN blocks b ON b.complex_id = c.id JOIN flats f ON f.block_id = b.id
     WHERE p.allowed AND (:flat::uuid IS NULL OR f.id = :flat)
), lives AS (
    SELECT o.id, 'occupancy' AS kind, h.id AS flat_id, h.flat_number, h.block_name, o.user_id, u.name, u.phone, o.role, o.is_primary, o.since
      FROM home h JOIN live_occupancies o ON o.flat_id = h.id JOIN users u ON u.id = o.user_id
    UNION ALL
    SELECT c.id, 'claim', h.id, h.flat_number, h.block_name, NULL, c.name, c.phone, c.occupancy_role, false, c.created_at
      FROM home h JOIN resident_claims c ON c.flat_id = h.id
), page AS MATERIALIZED (
    SELECT * FROM lives l
     WHERE (l.since, l.id) < (:before_at, :before_id)
       AND (:q::text IS NULL OR starts_with(lower(l.name), lower(:q)) OR starts_with(l.phone, :q) OR starts_with(l.phone, '+91' || :q)
            OR lower(l.flat_number) = lower(:q))
     ORDER BY l.since DESC, l.id DESC LIMIT :rows
)
SELECT jsonb_build_object('access', CASE WHEN p.allowed THEN 'ok' ELSE 'forbidden' END,
                          'rows', (SELECT coalesce(jsonb_agg(to_jsonb(l) ORDER BY l.since DESC, l.id DESC), '[]') FROM page l))
  FROM place p
