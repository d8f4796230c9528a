-- What a caller may see and do, as far as a scope tells: read once by each statement.
CREATE OR REPLACE FUNCTION caller_scope(p_user uuid) RETURNS scope LANGUAGE plpgsql STABLE AS $$
DECLARE
    me scope := (false, '{}', '{}', '{}', '{}', '{}', '{}');
    r  record;
BEGIN
    FOR r IN SELECT l.role, l.scope_id, l.since FROM live_role_assignments l WHERE l.user_id = p_user ORDER BY l.scope_id LOOP
        CASE r.role
            WHEN 'resident' THEN
                me.flats := me.flats || r.scope_id;
                me.flats_since := me.flats_since || r.since;
            WHEN 'guard' THEN me.guard_of := me.guard_of || r.scope_id;
            WHEN 'society_admin' THEN me.admin_of := me.admin_of || r.scope_id;
            WHEN 'block_admin' THEN me.blocks := me.blocks || r.scope_id;
            WHEN 'super_admin' THEN me.super_admin := true;
        END CASE;
    END LOOP;
    me.part_of := me.guard_of || me.admin_of;
    IF me.flats <> '{}' THEN
        me.part_of := me.part_of || ARRAY(SELECT c.society_id FROM flats f JOIN blocks b ON b.id = f.block_id JOIN complexes c ON c.id = b.complex_id
                                           WHERE f.id = ANY (me.flats));
    END IF;
    IF me.blocks <> '{}' THEN
        me.part_of := me.part_of || ARRAY(SELECT c.society_id FROM blocks b JOIN complexes c ON c.id = b.complex_id WHERE b.id = ANY (me.blocks));
    END IF;
    RETURN me;
END $$;
