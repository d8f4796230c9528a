-- What a list shows a caller: whole societies and blocks to their staff, flats to their residents;
-- with p_flat that flat alone. A row is one index range to read.
CREATE OR REPLACE FUNCTION list_scopes(me scope, p_flat uuid) RETURNS TABLE (kind text, id uuid, timezone text)
LANGUAGE sql STABLE AS $$
    SELECT 'society', s.id, s.timezone FROM societies s
     WHERE p_flat IS NULL AND (me.super_admin OR s.id = ANY (me.guard_of || me.admin_of))
    UNION ALL
    SELECT 'block', b.id, s.timezone
      FROM blocks b JOIN complexes c ON c.id = b.complex_id JOIN societies s ON s.id = c.society_id
     WHERE p_flat IS NULL AND b.id = ANY (me.blocks)
    UNION ALL
    SELECT 'flat', p.flat_id, p.timezone FROM places p
     WHERE p_flat IS NULL AND p.flat_id = ANY (me.flats)
    UNION ALL
    SELECT 'flat', p.flat_id, p.timezone FROM places p
     WHERE p.flat_id = p_flat AND (p.flat_id = ANY (me.flats) OR is_staff(me, p.society_id, p.block_id))
$$;
