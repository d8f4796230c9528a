-- What a caller may see and do, as far as a scope tells: read once by each statement. Whose role counts is what the view
-- live_role_assignments says; a post or an occupancy is looked for only for a role that needs one, which is cheaper.
CREATE OR REPLACE FUNCTION caller_scope(p_user uuid) RETURNS scope LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_super     boolean := false;
    v_guard_of  uuid[] := '{}';
    v_admin_of  uuid[] := '{}';
    v_blocks    uuid[] := '{}';
    v_flats     uuid[] := '{}';
    v_part_of   uuid[] := '{}';
    v_since     timestamptz[] := '{}';
    v_society   uuid;
    r           record;
BEGIN
    FOR r IN SELECT a.role, a.scope_id, a.created_at,
                    CASE a.role
                        WHEN 'guard' THEN (SELECT g.created_at FROM guards g
                             WHERE g.user_id = p_user AND g.society_id = a.scope_id AND g.active)
                        WHEN 'resident' THEN (SELECT o.created_at FROM flat_occupancies o
                             WHERE o.user_id = p_user AND o.flat_id = a.scope_id AND o.end_date IS NULL)
                        ELSE a.created_at END AS held
               FROM role_assignments a
              WHERE a.user_id = p_user AND a.revoked_at IS NULL
              ORDER BY a.scope_id LOOP
        CONTINUE WHEN r.held IS NULL;
        v_society := r.scope_id;
        CASE r.role
            WHEN 'resident' THEN
                v_flats := v_flats || r.scope_id;
                v_since := v_since || greatest(r.created_at, r.held);
                SELECT c.society_id INTO v_society FROM flats f JOIN blocks b ON b.id = f.block_id JOIN complexes c ON c.id = b.complex_id
                 WHERE f.id = r.scope_id;
            WHEN 'guard' THEN v_guard_of := v_guard_of || r.scope_id;
            WHEN 'society_admin' THEN v_admin_of := v_admin_of || r.scope_id;
            WHEN 'block_admin' THEN
                v_blocks := v_blocks || r.scope_id;
                SELECT c.society_id INTO v_society FROM blocks b JOIN complexes c ON c.id = b.complex_id WHERE b.id = r.scope_id;
            WHEN 'super_admin' THEN v_super := true;
            ELSE NULL;
        END CASE;
        IF v_society IS NOT NULL THEN v_part_of := v_part_of || v_society; END IF;
    END LOOP;
    RETURN (v_super, v_guard_of, v_admin_of, v_blocks, v_flats, v_part_of, v_since);
END $$;
