-- What a caller may see and do, as far as a scope tells: read once by each statement.
CREATE OR REPLACE FUNCTION caller_scope(p_user uuid) RETURNS scope LANGUAGE plpgsql STABLE AS $$
DECLARE
    me scope;
BEGIN
    SELECT coalesce(bool_or(role = 'super_admin'), false),
           coalesce(array_agg(scope_id) FILTER (WHERE role = 'guard'), '{}'),
           coalesce(array_agg(scope_id) FILTER (WHERE role = 'society_admin'), '{}'),
           coalesce(array_agg(scope_id) FILTER (WHERE role = 'block_admin'), '{}'),
           coalesce(array_agg(scope_id ORDER BY scope_id) FILTER (WHERE role = 'resident'), '{}'),
           '{}'::uuid[],
           coalesce(array_agg(since ORDER BY scope_id) FILTER (WHERE role = 'resident'), '{}')
      INTO me FROM live_role_assignments WHERE user_id = p_user;
    me.part_of := ARRAY(
        SELECT unnest(me.guard_of || me.admin_of)
        UNION SELECT c.society_id FROM blocks b JOIN complexes c ON c.id = b.complex_id WHERE b.id = ANY (me.blocks)
        UNION SELECT p.society_id FROM places p WHERE p.flat_id = ANY (me.flats));
    RETURN me;
END $$;
