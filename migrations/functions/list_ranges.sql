-- What a list shows a caller: whole societies and blocks to their staff, flats to their residents, in ranges that do
-- not overlap; and since when: residents see what came since they moved in, staff see all. It is one bound of each
-- range, so that a range stays one. Super admins have a branch of their own: nobody else reads all societies.
CREATE OR REPLACE FUNCTION list_ranges(me scope, p_flat uuid) RETURNS TABLE (kind text, id uuid, timezone text, since timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT 'society', s.id, s.timezone, '-infinity'::timestamptz FROM societies s
     WHERE p_flat IS NULL AND NOT me.super_admin AND s.id = ANY (me.guard_of || me.admin_of)
    UNION ALL
    SELECT 'society', s.id, s.timezone, '-infinity' FROM societies s WHERE p_flat IS NULL AND me.super_admin
    UNION ALL
    SELECT 'block', b.id, s.timezone, '-infinity'
      FROM blocks b JOIN complexes c ON c.id = b.complex_id JOIN societies s ON s.id = c.society_id
     WHERE p_flat IS NULL AND b.id = ANY (me.blocks)
    UNION ALL
    SELECT 'flat', p.flat_id, p.timezone, lives_since(me, p.flat_id) FROM places p
     WHERE p_flat IS NULL AND p.flat_id = ANY (me.flats)
    UNION ALL
    SELECT 'flat', p.flat_id, p.timezone,
           CASE WHEN is_staff(me, p.society_id, p.block_id) THEN '-infinity' ELSE lives_since(me, p.flat_id) END FROM places p
     WHERE p.flat_id = p_flat AND (p.flat_id = ANY (me.flats) OR is_staff(me, p.society_id, p.block_id))
$$;
